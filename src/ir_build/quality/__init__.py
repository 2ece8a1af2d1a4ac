"""How different a picture looks from its original, as one number: SSIMULACRA2."""

from .planes import Pixels
from .ssimulacra2 import Reference

__all__ = ["Pixels", "Reference"]
