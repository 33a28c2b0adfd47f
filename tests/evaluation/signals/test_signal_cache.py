"""The signal cache: equal numbers with a cache, without one, and with a broken one."""

import math
import pickle
import random
from pathlib import Path

import pytest
import torch

from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals import network_signals
from evonas.evaluation.signals.genome_signals import GenomeSignals
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.evaluation.signals.untrained.untrained_signals import UntrainedSignals
from evonas.space import Genome, load

SPACE = load("tiny").resized(channels=4, cells=1).with_rules(("bp", "fa"))


@pytest.fixture(scope="module")
def few() -> SearchData:
    return load_search_data("digits", seed=0, num_images=20)


def signals(
    data: SearchData, cache: Path | None, *, names: tuple[str, ...] = ("naswot",), seed: int = 0
) -> GenomeSignals:
    return GenomeSignals(
        names, SPACE, traits=data.traits, images=data.train, seed=seed, cache=cache
    )


def genomes(count: int) -> list[Genome]:
    rng = random.Random(2)
    return [SPACE.canonical(SPACE.sample(rng)) for _ in range(count)]


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UntrainedSignals, "_computed", lambda *_: pytest.fail("computed"))


def test_cached_values_are_found_by_source_and_genome(tmp_path: Path) -> None:
    path = tmp_path / "signals.db"
    values = {"a": 0.1 + 0.2, "b": -math.inf, "c": math.nan}
    SignalCache(path, source="here").keep("0,1", values)
    found = SignalCache(path, source="here").found("0,1")
    assert math.isnan(found.pop("c"))
    assert found == {"a": 0.1 + 0.2, "b": -math.inf}
    assert SignalCache(path, source="there").found("0,1") == {}
    assert SignalCache(path, source="here").found("1,0") == {}


def test_second_process_reuses_cached_signals(
    few: SearchData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, some = tmp_path / "signals.db", genomes(3)
    told = [signals(few, path).of(genome) for genome in some]
    assert told == [signals(few, None).of(genome) for genome in some]
    again = pickle.loads(pickle.dumps(signals(few, path)))
    more = signals(few, path, names=("synflow", "naswot"))
    assert [more.of(genome)[1] for genome in some] == [value for (value,) in told]
    forbid(monkeypatch)
    assert [again.of(genome) for genome in some] == told


def test_cache_is_separate_per_weights_images_and_torch_version(
    few: SearchData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, (one, *_) = tmp_path / "signals.db", genomes(1)
    told = signals(few, path).of(one)
    assert signals(few, path, seed=1).of(one) != told
    other = load_search_data("digits", seed=1, num_images=20)
    assert signals(other, path).of(one) == signals(other, None).of(one) != told
    forbid(monkeypatch)
    assert signals(few, path).of(one) == told
    monkeypatch.setattr(torch, "__version__", "0.0")
    with pytest.raises(pytest.fail.Exception):
        signals(few, path).of(one)


@pytest.mark.parametrize("kind", ["folder", "text", "nowhere"])
def test_unusable_cache_changes_no_number(few: SearchData, tmp_path: Path, kind: str) -> None:
    path, some = tmp_path / "signals.db", genomes(2)
    if kind == "folder":
        path.mkdir()
    elif kind == "text":
        path.write_text("This is no database, and is left as it is.\n" * 50)
        before = path.read_bytes()
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "signals.db"
    found = signals(few, path)
    expected = signals(few, None)
    assert [found.of(genome) for genome in some] == [expected.of(genome) for genome in some]
    if kind == "text":
        assert path.read_bytes() == before


def test_memory_is_bounded_and_drops_the_oldest(
    few: SearchData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_signals, "MAX_KNOWN", 2)
    found = signals(few, None)
    some = list({genome.values[:3]: genome for genome in genomes(20)}.values())[:4]
    assert len(some) == 4
    told = [found.of(genome) for genome in some]
    assert len(found._on_networks[0]._known) == 2
    assert found.of(some[0]) == told[0]
    forbid(monkeypatch)
    assert found.of(some[0]) == told[0]
    with pytest.raises(pytest.fail.Exception):
        found.of(some[1])
