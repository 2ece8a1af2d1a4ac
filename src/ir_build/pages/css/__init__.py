"""What a site's own style sheets say of its pictures."""

from .links import SheetLink, sheet_links
from .sheet import Sheet, parse
from .styles import PictureStyle, Styles

__all__ = ["PictureStyle", "Sheet", "SheetLink", "Styles", "parse", "sheet_links"]
