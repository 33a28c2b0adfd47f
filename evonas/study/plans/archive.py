"""The non-dominated candidates of a study, kept up to date one result at a time."""

from typing import final

from evonas.evaluation.dominance import dominates
from evonas.search.pareto import Vector, non_dominated


@final
class Archive:
    """The archive: non-dominated candidates, with one vector each.

    A result costs as many comparisons as the front has members. Only when a member's vector
    changes is the front recomputed from all candidates.

    Attributes:
        num_comparisons: number of vector comparisons so far.
        num_rebuilt: how often the front was recomputed.
    """

    def __init__(self) -> None:
        self._vectors: dict[str, Vector] = {}
        self._places: dict[str, int] = {}
        self._front: dict[str, Vector] = {}
        self.num_comparisons = 0
        self.num_rebuilt = 0

    def put(self, key: str, vector: Vector | None) -> None:
        """Set the current vector of a candidate.

        Args:
            key: key of the candidate.
            vector: its values, to be minimised; None while it is not eligible.
        """
        self._places.setdefault(key, len(self._places))
        if self._vectors.get(key) == vector:
            return
        if vector is None:
            del self._vectors[key]
        else:
            self._vectors[key] = vector
        if key in self._front:
            self._rebuild()
        elif vector is not None:
            self._insert(key, vector)

    def front(self) -> tuple[Vector, ...]:
        """The non-dominated vectors, in the order in which their candidates came."""
        keys = sorted(self._front, key=lambda key: self._places[key])
        return tuple(self._front[key] for key in keys)

    def _insert(self, key: str, vector: Vector) -> None:
        self.num_comparisons += len(self._front)
        if any(dominates(other, vector) for other in self._front.values()):
            return
        self._front = {k: v for k, v in self._front.items() if not dominates(vector, v)}
        self._front[key] = vector

    def _rebuild(self) -> None:
        self.num_rebuilt += 1
        kept = non_dominated(list(self._vectors.values()))
        pairs = zip(self._vectors.items(), kept, strict=True)
        self._front = {key: vector for (key, vector), is_kept in pairs if is_kept}
