"""``python -m evonas`` is the ``evonas`` command."""

from evonas.cli import main

if __name__ == "__main__":
    main()
