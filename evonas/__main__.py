"""Run the ``evonas`` command with ``python -m evonas``."""

from evonas.cli import main

if __name__ == "__main__":
    main()
