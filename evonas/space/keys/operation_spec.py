"""The YAML keys of an operation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evonas.space.keys.problems import KeyProblem, even, not_one_of, out_of_range, raise_all
from evonas.space.operation import PARAMETERS, POOL_MODES, Operation

NUMBERS: Final = ("kernel", "dilation", "groups", "repeats", "expansion", "squeeze", "heads")
NEEDED: Final = ("kernel", "mode", "expansion", "heads")
"""Parameters without a default, for the kinds that take them."""


@dataclass(frozen=True)
class OperationSpec:
    """An entry of ``operations``; which parameters it takes depends on its kind."""

    kind: str
    kernel: int | None = None
    dilation: int | None = None
    groups: int | None = None
    repeats: int | None = None
    mode: str | None = None
    expansion: int | None = None
    squeeze: int | None = None
    heads: int | None = None

    def __post_init__(self) -> None:
        raise_all(self._problems())

    def _problems(self) -> Iterator[KeyProblem]:
        if self.kind not in PARAMETERS:
            yield from not_one_of(".kind", self.kind, tuple(PARAMETERS))
            return
        takes = PARAMETERS[self.kind]
        for key in NEEDED:
            if key in takes and getattr(self, key) is None:
                yield f".{key}", f"this key is missing (kind {self.kind} needs it)"
        for key in (*NUMBERS, "mode"):
            if key not in takes and getattr(self, key) is not None:
                listed = ", ".join(takes) or "no parameters"
                yield f".{key}", f"kind {self.kind} does not take this key (it takes {listed})"
        for key in NUMBERS:
            yield from out_of_range(f".{key}", getattr(self, key))
        yield from even(".kernel", self.kernel)
        if "mode" in takes and self.mode is not None:
            yield from not_one_of(".mode", self.mode, POOL_MODES)

    def named(self, name: str) -> Operation:
        """Return the operation with its defaults filled in."""
        given = {key: value for key, value in vars(self).items() if value is not None}
        return Operation(name=name, **given)
