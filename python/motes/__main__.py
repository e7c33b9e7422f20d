"""``python -m motes``, and the command ``motes`` itself."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading is answered as it is later."""
    try:
        from motes.cli import main as run

        run()
    except KeyboardInterrupt:
        print("motes: interrupted: nothing was written", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
