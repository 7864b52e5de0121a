"""``python -m neurenorm``: the same as the command ``neurenorm``."""

import sys


def main() -> int:
    """Run the command line; Ctrl-C while it is still being imported is one line and exit status
    130, as later.
    """
    try:
        from neurenorm.numerics.cli import main as command_line

        return command_line()
    except KeyboardInterrupt:
        print("neurenorm: interrupted, nothing was written", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
