"""The pages and pictures of this folder that are made from the code.

python -m docs.make            # write them
python -m docs.make --check    # exit code 1 if one of them is not what the code says
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from docs.commands_page import commands_page
from docs.picture import architecture_picture
from evonas.settings.description import reference_page
from evonas.space.json_schema.schema import space_schema

FOLDER = Path(__file__).parent


def space_schema_text() -> str:
    """The JSON schema of a search space."""
    return json.dumps(space_schema(), indent=2) + "\n"


MADE: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": reference_page,
    "architecture.svg": architecture_picture,
    "search-space.schema.json": space_schema_text,
}


def stale(names: Iterable[str] = tuple(MADE)) -> list[str]:
    """The files, of those named, that are not what the code says now."""
    return [
        name
        for name in names
        if not (FOLDER / name).exists()
        or (FOLDER / name).read_text(encoding="utf-8") != MADE[name]()
    ]


def main() -> None:
    """Write every file, or check them."""
    parser = argparse.ArgumentParser(description="Pages and pictures made from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one is stale")
    if parser.parse_args().check:
        names = stale()
        if names:
            sys.exit(f"not what the code says: {', '.join(names)}; run: python -m docs.make")
        return
    for name, make in MADE.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
