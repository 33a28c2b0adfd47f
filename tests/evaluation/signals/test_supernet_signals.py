"""Signals of a supernet; oracles: the genome's own network, one step by hand, repetition."""

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.evaluation.data.images import SearchData, unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals import supernet_signals
from evonas.evaluation.signals.genome_signals import (
    GenomeSignals,
    check_signals_of,
    num_images_needed,
)
from evonas.evaluation.signals.supernet_signals import (
    NUM_JUDGED,
    NUM_LEARNED,
    SUPERNET_IMAGES,
    SupernetSignals,
)
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.networks.supernet_selection import select_genome
from evonas.space import Genome, Space, load

SPACE = load("tiny").resized(channels=4, cells=1).with_rules(("fa", "usf"))
NAMES = ("supernet-loss", "supernet-gain")


@pytest.fixture(scope="module")
def few() -> SearchData:
    return load_search_data("digits", seed=0, num_images=120)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supernet_signals, "EPOCHS", 2)


def signals(data: SearchData, *, space: Space = SPACE, cache: Path | None = None) -> GenomeSignals:
    return GenomeSignals(NAMES, space, traits=data.traits, images=data.train, cache=cache)


def some(seed: int, space: Space = SPACE) -> Genome:
    return space.canonical(space.sample(random.Random(seed)))


def source(of: GenomeSignals) -> SupernetSignals:
    (found,) = of._on_networks
    assert isinstance(found, SupernetSignals)
    return found


@pytest.mark.usefixtures("brief")
def test_loss_and_gain_match_a_step_by_hand(few: SearchData) -> None:
    found = signals(few)
    genome = some(3)
    loss, gain = found.of(genome)
    own = source(found)
    guide, supernet = own._guide, own._guide._supernet
    choice = select_genome(SPACE, genome)
    judged = own._data.validation

    def judge() -> float:
        with torch.no_grad():
            logits = supernet(unit_pixels(judged.pixels), choice)
        return float(F.cross_entropy(logits.double(), judged.labels))

    assert loss == pytest.approx(judge(), rel=1e-5)
    images, labels = guide._lesson[0]
    supernet.wiring.aim(labels)
    supernet.zero_grad()
    F.cross_entropy(supernet(images, choice), labels).backward()
    with torch.no_grad():
        for parameter in supernet.parameters():
            if parameter.grad is not None:
                parameter.sub_(own._recipe.learning_rate * parameter.grad)
    assert gain == pytest.approx(loss - judge(), rel=1e-4, abs=1e-6)


@pytest.mark.usefixtures("brief")
def test_rules_change_the_gain_and_not_the_loss(few: SearchData) -> None:
    found = signals(few)
    num_rules = sum(gene.kind == "rule" for gene in SPACE.genes)
    values = SPACE.parse("|conv_3x3~0|+|conv_3x3~1|+|skip~2|").values[:-num_rules]
    fa, usf = (found.of(Genome(values + (rule,) * num_rules)) for rule in (0, 1))
    assert fa[0] == usf[0]
    assert fa[1] != usf[1]


def test_supernet_learns_600_steps_of_random_genomes_on_other_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = load_search_data("digits", seed=0)
    own = source(signals(data))
    assert (len(own._data.train), len(own._data.validation)) == (NUM_LEARNED, NUM_JUDGED)
    assert num_images_needed(("free", "naswot", "supernet-gain")) == SUPERNET_IMAGES
    seen: list[Genome] = []
    monkeypatch.setattr(SupernetGuide, "learn_genome", lambda _, genome: seen.append(genome))
    assert own._guide is own._guide
    assert len(seen) == 600
    assert len({SPACE.key(genome) for genome in seen}) > 300  # of a small space


def test_trained_supernet_is_better_than_a_guess() -> None:
    data = load_search_data("digits", seed=0)
    (loss, _) = signals(data).of(SPACE.canonical(SPACE.parse("|conv_3x3~0|+|skip~1|+|skip~2|")))
    assert loss < 0.5 * math.log(10)


@pytest.mark.usefixtures("brief")
def test_scores_are_repeatable_in_any_order_and_cached(
    few: SearchData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "signals.db"
    genomes = [some(seed) for seed in range(4)]
    before = torch.get_rng_state()
    found = signals(few, cache=cache)
    told = [found.of(genome) for genome in genomes]
    assert torch.equal(torch.get_rng_state(), before)
    assert len(set(told)) == len(told)
    again = signals(few)
    assert [again.of(genome) for genome in reversed(genomes)] == told[::-1]
    other = replace(few, train=few.train.subset(torch.arange(100)))
    assert signals(other, cache=cache).of(genomes[0]) != told[0]
    rules = SPACE.with_rules(("dfa", "brsf"))
    assert signals(few, space=rules, cache=cache).of(genomes[0]) != told[0]
    monkeypatch.setattr(SupernetGuide, "learn_genome", lambda *_: pytest.fail("trained again"))
    assert [signals(few, cache=cache).of(genome) for genome in genomes] == told


@pytest.mark.usefixtures("brief")
def test_four_images_are_enough(few: SearchData) -> None:
    data = replace(few, train=few.train.subset(torch.arange(4)))
    assert all(map(math.isfinite, signals(data).of(some(1))))


def test_space_whose_networks_differ_in_width_is_rejected() -> None:
    with pytest.raises(SpaceError, match="a supernet can share"):
        check_signals_of(load("nats-size"), ("supernet-loss",))
