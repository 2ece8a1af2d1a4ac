"""`ir-build`, and `python -m ir_build`."""

import sys

from .exit_codes import ExitCode


def main() -> None:
    """Run the command line; interrupted while it is still being imported, end without a word."""
    try:
        from .cli import main as command  # noqa: PLC0415

        command(prog_name="ir-build")
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
