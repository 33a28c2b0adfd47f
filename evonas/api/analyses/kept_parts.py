"""Expensive parts of an analysis, cached on disk so that a repeated call continues."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from evonas.study.weights import write_whole

KEPT_FOLDER = "kept"


@final
class KeptParts:
    """JSON files, each stored with the inputs it was computed from.

    Args:
        folder: folder of the analysis.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / KEPT_FOLDER

    def get(self, name: str, made_from: dict[str, Any], make: Callable[[], Any]) -> Any:
        """The part called ``name``: read from its file, or computed now and written.

        Args:
            name: name of the file, without its ending.
            made_from: the inputs that determine the part, as JSON values. A file computed from
                other inputs, or unreadable, is replaced.
            make: computes the part, as JSON values (NaN and infinity are allowed).
        """
        path = self._folder / f"{name}.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["made_from"] == made_from:
                return known["part"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # missing, truncated or of another version: compute it again
        part = make()
        text = json.dumps({"made_from": made_from, "part": part})
        write_whole(path, text.encode())
        return part
