"""The parts of an analysis that run networks: updates of layers, and loss surfaces."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from torch import Tensor

from evonas.analysis.noise_comparison import OWN
from evonas.api.analyses.kept_parts import KeptParts
from evonas.api.analyses.steps_bar import Steps
from evonas.errors import UnknownNameError
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_run_data
from evonas.evaluation.diagnostics.loss_landscape import filter_normalised_direction, loss_surface
from evonas.evaluation.diagnostics.mini_batches import mini_batches
from evonas.evaluation.diagnostics.rule_twins import count_steps, rule_twin
from evonas.evaluation.diagnostics.update_noise import REFERENCE, LayerNoise, update_noise
from evonas.evaluation.model_file import read_model, restore_normalisation
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.protocol import Protocol
from evonas.networks import Network
from evonas.seeds import derive_seed
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.reading import RunState
from evonas.study.shape import read_space, read_traits
from evonas.study.weights import weights_path

LANDSCAPE_IMAGES = 256


@final
@dataclass(frozen=True)
class ExaminedNetwork:
    """One network under analysis.

    Attributes:
        run: its run.
        candidate: candidate of this run.
        seed: seed of the analysis.
    """

    run: RunState
    candidate: Candidate
    seed: int

    @property
    def weights_file(self) -> Path:
        """The file of its trained weights, which may not exist."""
        return weights_path(self.run.folder, self.candidate.key)

    @property
    def states(self) -> tuple[str, ...]:
        """The weights at which it can be analysed."""
        return ("initial", "trained") if self.weights_file.exists() else ("initial",)

    @property
    def assignments(self) -> tuple[str, ...]:
        """Its own rules, back-propagation, and each rule of the run in all layers."""
        return tuple(dict.fromkeys((OWN, REFERENCE, *self.run.settings.problem.rules)))

    @cached_property
    def _train_images(self) -> Images:
        return load_run_data(self.run.settings.training).train

    def updates(
        self, parts: KeptParts, state: str, *, batches: int, advance: Steps
    ) -> list[LayerNoise]:
        """Noise and alignment of every layer under every assignment.

        Args:
            parts: cache for the result.
            state: one of :attr:`states`.
            batches: how many mini-batches, of the size that the run trains with.
            advance: called with every batch of every assignment.
        """

        def make() -> list[dict[str, Any]]:
            chosen = mini_batches(
                self._train_images,
                batch=self.run.settings.training.batch,
                count=batches,
                seed=derive_seed(self.seed, "batches"),
            )
            networks = {name: self._network(name, state) for name in self.assignments}
            with one_thread():
                found = update_noise(networks, chosen, on_batch=lambda: advance(1))
            return [asdict(each) for each in found]

        made_from = self._made_from(state) | {"batches": batches}
        part = parts.get(f"gradients-{self.candidate.key}-{state}", made_from, make)
        return [LayerNoise(**{**row, "nv_without": tuple(row["nv_without"])}) for row in part]

    def surface(self, parts: KeptParts, *, grid: int, advance: Steps) -> list[list[float]]:
        """The loss around the trained weights: rows by the first direction.

        Args:
            parts: cache for the result.
            grid: points along each direction.
            advance: called with every row.
        """

        def make() -> list[list[float]]:
            network = self._network(OWN, "trained").eval()
            directions = tuple(
                filter_normalised_direction(network, seed=derive_seed(self.seed, "direction", i))
                for i in range(2)
            )
            images = self._train_images
            count = min(LANDSCAPE_IMAGES, len(images))
            ((pixels, labels),) = mini_batches(
                images, batch=count, count=1, seed=derive_seed(self.seed, "landscape")
            )
            with one_thread():
                surface = loss_surface(
                    network, (directions[0], directions[1]), pixels, labels,
                    steps=grid_steps(grid), on_row=lambda: advance(1),
                )  # fmt: skip
            rows: list[list[float]] = surface.tolist()
            return rows

        made_from = self._made_from("trained") | {"grid": grid}
        found: list[list[float]] = parts.get(f"landscape-{self.candidate.key}", made_from, make)
        return found

    def _network(self, assignment: str, state: str) -> Network:
        settings = self.run.settings
        space = read_space(settings, self.run.folder)
        traits = read_traits(settings, self.run.folder)
        genome = space.parse(self.candidate.genome)
        training = self.candidate.representative
        weights: dict[str, Tensor] | None = None
        document: dict[str, Any] = {}
        if state == "trained":
            weights, document = read_model(self.weights_file)
        rule = None if assignment == OWN else assignment
        network = rule_twin(space, genome, traits, seed=training.seed, rule=rule, weights=weights)
        restore_normalisation(network, document)
        if state == "trained":
            recipe = Protocol.of(settings).recipe
            count_steps(
                network, recipe, num_images=len(self._train_images), epochs=training.epochs
            )
        return network

    def _made_from(self, state: str) -> dict[str, Any]:
        """Everything that determines a part, except its own options."""
        weights = None
        if state == "trained":
            weights = hashlib.sha256(self.weights_file.read_bytes()).hexdigest()
        training = self.run.settings.training
        return {
            "genome": self.candidate.genome,
            "assignments": list(self.assignments),
            "training_seed": self.candidate.representative.seed,
            "weights": weights,
            "data": [training.dataset, training.split_seed, training.images, training.batch],
            "seed": self.seed,
        }


def grid_steps(grid: int) -> list[float]:
    """Evenly spaced from -1 to 1; ``grid`` is odd, so 0 is included."""
    steps: list[float] = np.linspace(-1.0, 1.0, grid).tolist()
    return steps


def chosen_networks(
    runs: Sequence[RunState], keys: Sequence[str] | None, *, seed: int, most: int
) -> list[ExaminedNetwork]:
    """The networks to analyse: those with the given keys, or the first on the runs' fronts.

    Args:
        runs: to look in.
        keys: keys of candidates, or prefixes of them; None for the front.
        seed: seed of the analysis.
        most: how many of the front at most.

    Raises:
        UnknownNameError: no candidate of any run has the key, or the prefix is ambiguous.
    """
    if keys is None:
        fronts = [
            [
                ExaminedNetwork(run, c, seed)
                for c in front(run.candidates, run.settings.problem.objectives)
            ]
            for run in runs
        ]
        # the best of every run before the second of any
        longest = max(map(len, fronts))
        ordered = [some[i] for i in range(longest) for some in fronts if i < len(some)]
        return ordered[:most]
    found = []
    for key in keys:
        problem: UnknownNameError | None = None
        for run in runs:
            try:
                found.append(ExaminedNetwork(run, run.find(key), seed))
                break
            except UnknownNameError as raised:
                problem = problem or raised
        else:
            raise problem or UnknownNameError(f"no candidate has the key '{key}'")
    return found
