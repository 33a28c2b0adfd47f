"""``prior.json`` in the folder of a run: the earlier results that it started from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from evonas.errors import InputError, StorageError
from evonas.evaluation.objectives import OBJECTIVES
from evonas.search.ranking import by_rank_and_crowding
from evonas.space import Genome, Space

PRIOR_FILE = "prior.json"


@dataclass(frozen=True)
class EarlierRun:
    """The results of one earlier run.

    Attributes:
        name: name of its folder.
        objectives: the objectives that the new run has, too.
        results: genome text and values, in the order of the objectives.
    """

    name: str
    objectives: tuple[str, ...]
    results: tuple[tuple[str, tuple[float, ...]], ...]


def prior_text(runs: Sequence[EarlierRun]) -> str:
    """The content of the file; equal runs give equal content."""
    return json.dumps({"runs": [asdict(run) for run in runs]}, indent=1, allow_nan=False) + "\n"


def prior_hash(text: str) -> str:
    """SHA-256 of the file's content, stored in ``config.yaml``."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_intact_prior(folder: Path, sha256: str) -> bool:
    """Whether the file of a run exists and matches its hash."""
    path = folder / PRIOR_FILE
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def read_prior(folder: Path, *, sha256: str) -> tuple[EarlierRun, ...]:
    """The prior results of the run in ``folder``.

    Raises:
        StorageError: the file is missing or damaged.
    """
    if not is_intact_prior(folder, sha256):
        raise StorageError(
            f"{folder / PRIOR_FILE}: missing, or changed since the run started; restore "
            "it from a copy of the run"
        )
    document: dict[str, Any] = json.loads((folder / PRIOR_FILE).read_text(encoding="utf-8"))
    return tuple(
        EarlierRun(
            run["name"],
            tuple(run["objectives"]),
            tuple((text, tuple(values)) for text, values in run["results"]),
        )
        for run in document["runs"]
    )


def prior_names(folder: Path, *, sha256: str | None) -> tuple[str, ...]:
    """The names of the earlier runs that the run in ``folder`` started from.

    Empty without a prior, or if its file is damaged.
    """
    if sha256 is None or not is_intact_prior(folder, sha256):
        return ()
    return tuple(run.name for run in read_prior(folder, sha256=sha256))


def founders(runs: Sequence[EarlierRun], space: Space, *, count: int) -> tuple[Genome, ...]:
    """The best genomes of earlier runs, alternating between the runs.

    Within a run, they are ordered by non-dominated rank, then by NSGA-II's crowding distance, most
    isolated first.

    Args:
        runs: earlier runs.
        space: space of the new run, at the size of its candidates.
        count: maximum number.
    """
    turns = zip_longest(*(_best_first(run, space) for run in runs))
    found = dict.fromkeys(one for turn in turns for one in turn if one is not None)
    return tuple(found)[:count]


def _best_first(run: EarlierRun, space: Space) -> list[Genome]:
    known = [
        (genome, values)
        for text, values in run.results
        if (genome := parsed(text, space)) is not None
    ]
    vectors = [
        tuple(
            OBJECTIVES[name].minimised(value)
            for name, value in zip(run.objectives, values, strict=True)
        )
        for _, values in known
    ]
    return [known[place][0] for place in by_rank_and_crowding(vectors)]


def parsed(text: str, space: Space) -> Genome | None:
    """The genome in canonical form; None if the space has no such genome."""
    try:
        return space.canonical(space.parse(text))
    except InputError:
        return None
