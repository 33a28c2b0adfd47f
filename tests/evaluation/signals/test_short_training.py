"""Signals of a short training; oracles: back-propagation, an explicit training, and repetition."""

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from evonas.errors import TrainingDiverged
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals import short_training
from evonas.evaluation.signals.genome_signals import GenomeSignals, num_images_needed
from evonas.evaluation.signals.short_training import (
    BATCH,
    MOST_IMAGES,
    NUM_JUDGED,
    NUM_STEPS,
    ShortTraining,
    early_loss,
    update_alignment,
)
from evonas.networks import Network, build
from evonas.rules import rule_layers, true_gradient
from evonas.space import Genome, Space, load

SPACE = load("tiny").resized(channels=4, cells=1)
CELL = "|conv_3x3~0|+|conv_3x3~1|+|skip~2|"
NAMES = ("alignment", "early-loss")


@pytest.fixture(scope="module")
def few() -> SearchData:
    return load_search_data("digits", seed=0, num_images=200)


def signals(
    data: SearchData, space: Space, *, names: tuple[str, ...] = NAMES, cache: Path | None = None
) -> GenomeSignals:
    return GenomeSignals(names, space, traits=data.traits, images=data.train, cache=cache)


def all_layers(space: Space) -> list[Genome]:
    """The cell of convolutions, with each rule of the space in all layers."""
    num_rules = sum(gene.kind == "rule" for gene in space.genes)
    values = space.parse(CELL).values[:-num_rules]
    return [Genome(values + (rule,) * num_rules) for rule in range(len(space.rule_choices))]


def test_back_propagation_is_aligned_and_feedback_alignment_less(few: SearchData) -> None:
    space = SPACE.with_rules(("bp", "usf", "fa"))
    found = signals(few, space, names=("alignment",))
    (bp,), (usf,), (fa,) = (found.of(genome) for genome in all_layers(space))
    assert bp == pytest.approx(1.0, abs=1e-6)
    assert 0.99 > usf > fa


def network(rule: str) -> Network:
    space = SPACE.with_rules((rule,))
    return build(space, space.parse(CELL), input_shape=(1, 8, 8), num_classes=10, seed=2)


def test_alignment_is_the_mean_cosine_with_the_true_gradient() -> None:
    short = ShortTraining(network("fa").train(), torch.rand(6, 1, 8, 8), torch.arange(6))
    weights = [value for name, value in short.network.named_parameters() if value.dim() > 1]

    def updates() -> list[torch.Tensor]:
        loss = F.cross_entropy(short.network(short.images), short.labels)
        return list(torch.autograd.grad(loss, weights))

    found = updates()
    with true_gradient(short.network):
        exact = updates()
    cosines = [
        float(F.cosine_similarity(one.flatten().double(), other.flatten().double(), dim=0))
        for one, other in zip(found, exact, strict=True)
    ]
    assert len(cosines) == len(rule_layers(short.network))
    assert update_alignment(short) == pytest.approx(sum(cosines) / len(cosines), abs=1e-6)


def test_early_loss_is_the_loss_of_images_in_training_mode() -> None:
    short = ShortTraining(network("bp").train(), torch.rand(6, 1, 8, 8), torch.arange(6))
    with torch.no_grad():
        logits = short.network(short.images).double()
    expected = sum(-math.log(float(row.softmax(0)[i])) for i, row in enumerate(logits)) / 6
    assert early_loss(short) == pytest.approx(expected, rel=1e-5)


def test_training_takes_28_steps_on_images_that_are_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = load_search_data("digits", seed=0)
    space = SPACE.with_rules(("fa",))
    found = signals(data, space)
    (own,) = found._on_networks
    assert isinstance(own, short_training.ShortTrainingSignals)
    assert (len(own._lessons), len(own._judged)) == (NUM_STEPS * BATCH, NUM_JUDGED)
    assert (own._recipe.epochs, own._recipe.batch) == (1, BATCH)
    both = torch.cat([own._lessons.pixels, own._judged.pixels]).flatten(1)
    whole = data.train.pixels.flatten(1)
    assert len(both.unique(dim=0)) >= len(both) - (len(whole) - len(whole.unique(dim=0)))
    assert set(own._judged.labels.bincount(minlength=10).tolist()) <= {12, 13, 14}
    seen = []
    monkeypatch.setattr(short_training, "train", lambda *given, **_: seen.append(given[1]))
    found.of(space.parse(CELL))
    assert seen == [own._lessons]
    assert num_images_needed(("free", "alignment")) == MOST_IMAGES <= len(data.train)


def test_few_images_are_seen_several_times(few: SearchData) -> None:
    (own,) = signals(few, SPACE.with_rules(("fa",)))._on_networks
    assert isinstance(own, short_training.ShortTrainingSignals)
    steps = own._recipe.epochs * (len(own._lessons) // own._recipe.batch)
    assert (len(own._judged), len(own._lessons)) == (50, 150)
    assert NUM_STEPS <= steps < NUM_STEPS + 4


def test_four_images_are_enough(few: SearchData) -> None:
    space = SPACE.with_rules(("usf",))
    data = replace(few, train=few.train.subset(torch.arange(4)))
    assert all(map(math.isfinite, signals(data, space).of(space.parse(CELL))))


def test_signals_tell_rules_apart_and_are_cached(
    few: SearchData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = SPACE.with_rules(("fa", "usf"))
    cache = tmp_path / "signals.db"
    found = signals(few, space, cache=cache)
    rng = random.Random(0)
    genomes = [*all_layers(space), space.canonical(space.sample(rng))]
    before = torch.get_rng_state()
    told = [found.of(genome) for genome in genomes]
    assert torch.equal(torch.get_rng_state(), before)
    assert len(set(told)) == len(genomes)
    again = signals(few, space)
    assert [again.of(genome) for genome in reversed(genomes)] == told[::-1]
    other = replace(few, train=few.train.subset(torch.arange(150)))
    wider = signals(few, space.resized(channels=8), cache=cache)
    assert wider.of(genomes[0]) != told[0] != signals(other, space, cache=cache).of(genomes[0])
    monkeypatch.setattr(short_training, "train", lambda *_, **__: pytest.fail("trained again"))
    assert [signals(few, space, cache=cache).of(genome) for genome in genomes] == told


def test_diverged_training_has_no_signals(
    few: SearchData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverging(*_: object, **__: object) -> None:
        raise TrainingDiverged("no finite loss")

    monkeypatch.setattr(short_training, "train", diverging)
    space = SPACE.with_rules(("fa",))
    assert all(map(math.isnan, signals(few, space).of(space.parse(CELL))))
