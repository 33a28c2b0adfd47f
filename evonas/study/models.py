"""The trained networks of a run: which are kept, and how missing ones are restored."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import final

from evonas.errors import DataError, StorageError
from evonas.evaluation.architectures.genome import GenomeArchitecture
from evonas.evaluation.data.images import Traits
from evonas.evaluation.model_file import read_model, with_description
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.space import Space
from evonas.strict_yaml import read_text
from evonas.study.config import SPACE_FILE
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order
from evonas.study.results.candidate import Candidate
from evonas.study.weights import MODELS_FOLDER, keep_only, save_weights, weights_path


@final
class Models:
    """The weights in a run's folder: for each candidate, from its representative training.

    Args:
        folder: folder of the run.
        space: space of the genomes.
        protocol: protocol of the run.
        traits: traits of its images.
    """

    def __init__(self, folder: Path, space: Space, protocol: Protocol, traits: Traits) -> None:
        self._folder = folder
        self._space = space
        self._protocol = protocol
        self._traits = traits

    def save(self, evaluation: Evaluation, weights: bytes) -> None:
        """Write the model of a candidate, with everything needed to use it."""
        model = with_description(
            weights,
            GenomeArchitecture(
                space_text=read_text(self._folder / SPACE_FILE),
                genome=evaluation.genome,
                channels=self._space.channels,
                cells=self._space.cells,
                rules=tuple(self._space.rule_choices),
            ),
            traits=self._traits,
            seed=evaluation.seed,
        )
        save_weights(self._folder, evaluation.key, model)

    def restore(self, candidates: Iterable[Candidate], executor: AbstractExecutor) -> None:
        """Retrain candidates whose weights are missing or damaged.

        If memory or time is too short here, the weights stay missing.

        Args:
            candidates: the candidates that shall have a model.
            executor: where to train them.

        Raises:
            StorageError: retraining gives other values than the journal holds.
        """
        lost = {
            candidate.key: candidate.representative
            for candidate in candidates
            if not is_model_of(candidate, weights_path(self._folder, candidate.key))
        }
        for known in lost.values():
            genome = self._space.parse(known.genome)
            stage = Stage(replicate=known.replicate, batch=known.batch)
            executor.submit(Order(self._space, genome, self._protocol, stage))
        for _ in lost:
            again, weights = executor.next_done()
            known = lost[again.key]
            if again.is_lost_from_outside or again.batch != known.batch:
                continue  # not enough memory or time here: its weights stay missing
            if _reproducible(again) != _reproducible(known):
                raise StorageError(
                    f"{weights_path(self._folder, again.key)}: missing or damaged, and cannot be "
                    f"restored: on this machine the candidate trains to other values than the "
                    f"journal holds"
                )
            self.save(again, weights)

    def files(self) -> list[Path]:
        """All stored weights, by key."""
        return sorted((self._folder / MODELS_FOLDER).glob("*.safetensors"))

    def keep_only(self, keys: Collection[str]) -> None:
        """Remove all other weights."""
        keep_only(self._folder, keys)


def is_model_of(candidate: Candidate, path: Path) -> bool:
    """Whether a file exists, matches its hash, and belongs to the representative training.

    Args:
        candidate: candidate of the run.
        path: path of the file.
    """
    try:
        _, document = read_model(path)
    except (DataError, StorageError):
        return False
    meant = {"key": candidate.key, "seed": candidate.representative.seed}
    # the first versions wrote no description that could contradict
    return all(document.get(name, value) == value for name, value in meant.items())


def _reproducible(evaluation: Evaluation) -> dict[str, float]:
    """The reproducible values of a record, that is, all except durations."""
    return {
        name: value
        for name, value in evaluation.values.items()
        if OBJECTIVES[name].is_reproducible
    }
