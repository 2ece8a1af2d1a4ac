"""`ir-build`, and `python -m ir_build`."""

import io
import sys

from .exit_codes import ExitCode


def main() -> None:
    """Run the command line. An interrupt during the imports ends it without a message."""
    for stream in (sys.stdout, sys.stderr):
        # A console or pipe of Windows may lack letters that names of files have.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from .cli import main as command  # noqa: PLC0415

        command(prog_name="ir-build")
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
