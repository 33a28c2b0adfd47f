"""Store many paths in two arrays, so that worker processes share one copy of them.

A forked worker shares the memory of its parent until one of them writes to it, and counting
references to a Python object is a write. A list of a million paths would therefore be copied, page
by page, into every worker; an array is not.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np


@final
class PackedPaths:
    """An immutable sequence of paths.

    Args:
        text: uint8, (bytes,): all paths, concatenated.
        ends: int64, (N,): end of each path in ``text``.
    """

    def __init__(self, text: np.ndarray[Any, Any], ends: np.ndarray[Any, Any]) -> None:
        self._text = text
        self._ends = ends

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "PackedPaths":
        """Pack the given paths."""
        encoded = [os.fsencode(path) for path in paths]
        ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> Path:
        start = int(self._ends[index - 1]) if index else 0
        return Path(os.fsdecode(self._text[start : int(self._ends[index])].tobytes()))

    def subset(self, index: Sequence[int]) -> "PackedPaths":
        """Some of the paths, in the order of ``index``."""
        return PackedPaths.of(self[i] for i in index)

    def with_more(self, others: "PackedPaths") -> "PackedPaths":
        """These paths, then the others."""
        text = np.concatenate([self._text, others._text])
        return PackedPaths(text, np.concatenate([self._ends, others._ends + len(self._text)]))
