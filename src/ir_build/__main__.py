"""`python -m ir_build` is `ir-build`."""

from .cli import main

main(prog_name="ir-build")
