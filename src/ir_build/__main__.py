"""`ir-build`, and `python -m ir_build`."""

import sys


def main() -> None:
    """Run the command line; interrupted while it is still being imported, end without a word."""
    try:
        from .cli import main as command  # noqa: PLC0415

        command(prog_name="ir-build")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
