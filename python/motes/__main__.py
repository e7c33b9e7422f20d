"""``python -m motes`` is the command ``motes``."""

from motes.cli import main

if __name__ == "__main__":
    main()
