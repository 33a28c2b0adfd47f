"""Expensive parts of an analysis, kept on disk: an analysis that is called again goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from evonas.study.weights import write_whole

KEPT_FOLDER = "kept"


@final
class KeptParts:
    """JSON files, each with what it was made from.

    Args:
        folder: of the analysis.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / KEPT_FOLDER

    def get(self, name: str, made_from: dict[str, Any], make: Callable[[], Any]) -> Any:
        """The part called ``name``: from its file, or made now and written.

        Args:
            name: of the file, without its ending.
            made_from: what decides the part, as JSON has it. A file that was made from anything
                else, or that cannot be read, is replaced.
            make: computes the part, as JSON has it (NaN and infinity are allowed).
        """
        path = self._folder / f"{name}.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["made_from"] == made_from:
                return known["part"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # not there, or torn, or of another version: it is made anew
        part = make()
        text = json.dumps({"made_from": made_from, "part": part})
        write_whole(path, text.encode())
        return part
