"""The choice of precision, under a fake clock that runs slower or faster under autocast."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.forecasting.fastest_precision import (
    TIMED_GENOMES,
    MeasuredPrecisions,
    fastest_precision,
    measure_precisions,
)
from evonas.evaluation.forecasting.genome_sample import draw_genomes
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.variants.base import AbstractVariant
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.networks import Network
from evonas.settings.machine import Precision
from evonas.space import Space, load

RECIPE = Recipe(epochs=1, batch=8)


class Clock:
    """A fake clock that tests advance."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Timed(AbstractVariant):
    """A candidate whose forward pass takes a given time on the fake clock."""

    own: AbstractVariant
    clock: Clock
    seconds: dict[bool, float]  # keyed by whether autocast is on

    @property
    def text(self) -> str:
        return self.own.text

    def network(self, traits: Traits, *, seed: int) -> Network:
        network = self.own.network(traits, seed=seed)

        def wind(*_: Any) -> None:
            self.clock.now += self.seconds[torch.is_autocast_enabled("cpu")]

        network.register_forward_hook(wind)
        return network


def small_space() -> Space:
    return load("tiny").resized(channels=4, cells=1).with_rules(("fa", "usf"))


def measured(*seconds: tuple[float, float]) -> MeasuredPrecisions:
    space, clock = small_space(), Clock()
    genomes = draw_genomes(space, count=len(seconds), seed=0)
    candidates = [
        Timed("", GenomeVariant("", space, genome), clock, {False: fp32, True: bf16})
        for genome, (fp32, bf16) in zip(genomes, seconds, strict=True)
    ]
    return measure_precisions(candidates, traits=traits_of("digits"), recipe=RECIPE, clock=clock)


def test_precision_time_is_the_mean_over_candidates() -> None:
    found = measured((3.0, 2.0), (5.0, 1.0))
    assert found.seconds == pytest.approx({"fp32": 4.0, "bf16": 1.5})


@pytest.mark.parametrize(
    ("fp32", "bf16", "expected"),
    [(2.0, 1.0, "bf16"), (1.0, 1.0, "fp32"), (1.0, 0.95, "fp32"), (1.0, 3.0, "fp32")],
)
def test_bf16_is_chosen_only_when_clearly_faster(
    fp32: float, bf16: float, expected: Precision
) -> None:
    assert measured((fp32, bf16)).fastest == expected


def test_candidates_are_timed_on_images_of_the_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[tuple[int, ...]] = []

    def recorded(self: GenomeVariant, traits: Traits, *, seed: int) -> Network:
        built.append(traits.shape)
        return build(self, traits, seed=seed)

    build = GenomeVariant.network
    monkeypatch.setattr(GenomeVariant, "network", recorded)
    found = fastest_precision(small_space(), traits=traits_of("digits"), recipe=RECIPE)
    assert found in ("fp32", "bf16")
    assert built == [(1, 8, 8)] * 2 * TIMED_GENOMES


def test_drawn_genomes_are_distinct_and_follow_the_seed() -> None:
    drawn = draw_genomes(small_space(), count=20, seed=0)
    assert len(set(drawn)) == 20
    assert drawn == draw_genomes(small_space(), count=20, seed=0)
    assert drawn != draw_genomes(small_space(), count=20, seed=1)
