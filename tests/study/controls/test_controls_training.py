"""Training of controls. Oracles: an uninterrupted call, other executors, the candidate."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evonas.errors import StorageError
from evonas.evaluation.data.images import Traits
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.evaluation.variants.resnet_variant import ResNetVariant
from evonas.evaluation.variants.untrained import UntrainedVariant
from evonas.networks import Network
from evonas.report.controls.comparison import compare_controls
from evonas.settings import Settings
from evonas.space import Genome, load
from evonas.study.controls.names import NETWORK, TWIN, UNTRAINED
from evonas.study.controls.options import ControlOptions
from evonas.study.controls.reading import Trainings, read_controls
from evonas.study.controls.training import train_controls
from evonas.study.executors.device import DeviceExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order, lost
from evonas.study.results.candidate import front
from evonas.study.results.confirmation import confirm_study
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.shape import shaped_space, under_rules
from tests.journals import forge
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]
FEW = ControlOptions(replicates=2, rules=("usf",), random=1, shuffled=0, architectures=0)


@pytest.fixture
def small(config: Settings) -> Settings:
    return changed(config, objectives=("acc",), generations=1, evaluations=4, images=60, batch=20)


def key_of(folder: Path) -> str:
    return front(read_run(folder).candidates, ("acc",))[0].key


def train(
    folder: Path,
    options: ControlOptions = FEW,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Trainings:
    """Train the controls of the first network on the front; returns them without seconds."""
    key = key_of(folder)
    executor = make_executor(workers)
    try:
        train_controls(
            folder, read_run(folder).find(key), options=options, executor=executor,
            on_progress=on_progress,
        )  # fmt: skip
    finally:
        executor.close()
    found = read_controls(folder)[key]
    return {name: [replace(e, seconds=0.0) for e in some] for name, some in found.items()}


def test_interrupted_controls_resume_equally_and_can_be_extended(
    small: Settings, begin: Begin, run: Run
) -> None:
    whole, broken = begin(small, "whole"), begin(small, "broken")
    run(whole, 1), run(broken, 1)
    expected = train(whole)
    assert {name: len(some) for name, some in expected.items()} == dict.fromkeys(
        (NETWORK, TWIN, "all usf", "random rules 1", UNTRAINED), 2
    )

    def interrupt(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(broken, on_progress=interrupt)
    assert sum(map(len, read_controls(broken)[key_of(broken)].values())) == 3
    assert train(broken, workers=2) == expected
    counts: list[int] = []
    assert train(broken, on_progress=lambda done, total: counts.append(total - done)) == expected
    assert counts == [0]  # nothing is trained twice
    more = train(broken, replace(FEW, replicates=3, random=2))
    assert {name: some[:2] for name, some in more.items() if name in expected} == expected
    assert len(more["random rules 2"]) == len(more[TWIN]) == 3


def test_confirmations_are_reused_and_paired_controls_share_seeds(
    small: Settings, begin: Begin, run: Run
) -> None:
    folder = begin(small, "run")
    run(folder, 1)
    executor = InlineExecutor()
    confirmed = confirm_study(folder, replicates=1, executor=executor, on_progress=lambda *_: None)
    totals: list[int] = []
    found = train(folder, on_progress=lambda _, total: totals.append(total))
    assert totals[0] == 5 * 2 - 1
    mine = [replace(e, seconds=0.0) for e in confirmed if e.key == key_of(folder)]
    assert found[NETWORK][:1] == mine
    for some in found.values():
        assert [e.seed for e in some] == [e.seed for e in found[NETWORK]]
        assert all(set(e.test_values) == {"acc"} for e in some)
    labels = {e.key for some in found.values() for e in some}
    assert len(labels) == len(found)
    searched = {e.key for e in read_run(folder).evaluations}
    assert labels & searched == {key_of(folder)}  # controls are no candidates


def test_failing_control_is_recorded_and_others_continue(
    small: Settings, begin: Begin, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(small, "run")
    run(folder, 1)

    def full(_: UntrainedVariant, __: Traits, *, seed: int) -> Network:
        raise torch.OutOfMemoryError(f"no room for {seed}")

    monkeypatch.setattr(UntrainedVariant, "network", full)
    found = train(folder)
    assert [e.failure for e in found[UNTRAINED]] == [
        f"out of memory: no room for {e.seed}" for e in found[NETWORK]
    ]
    rows = {c.control: c for c in compare_controls(found)}
    assert (rows[UNTRAINED].failed, rows[UNTRAINED].difference) == (2, None)
    assert rows[TWIN].pairs + rows[TWIN].collapsed == 2


def test_control_whose_draw_has_changed_is_rejected(
    small: Settings, begin: Begin, run: Run
) -> None:
    folder = begin(small, "run")
    run(folder, 1)
    train(folder, replace(FEW, replicates=1))
    forge(
        folder, "found", lambda found: {**found, "body": {**found["body"], "genome": "another"}}
        if found["name"] == "random rules 1" else found,
    )  # fmt: skip
    with pytest.raises(StorageError, match=r"'random rules 1' of .* was 'another'"):
        train(folder)


def test_device_process_gives_same_records_as_inline_executor(config: Settings) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    genome = space.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|")
    single = Genome((*genome.values[:6], *[0] * (len(genome.values) - 6)))
    protocol = Protocol.of(changed(config, images=60, batch=20))
    orders = [
        Order(space, genome, protocol, Stage(replicate=1, is_confirmation=True), variant)
        for variant in (
            None,
            GenomeVariant("all usf", under_rules(space, ("usf",)), single),
            ResNetVariant("resnet20 usf", "resnet20", "usf"),
        )
    ]
    found: list[dict[str, tuple[Evaluation, bytes]]] = []
    for executor in (InlineExecutor(), DeviceExecutor(["cpu"], slots=2)):
        for order in orders:
            executor.submit(order)
        results = [executor.next_done() for _ in orders]
        found.append({e.key: (replace(e, seconds=0.0), blob) for e, blob in results})
        executor.close()
    assert len(found[0]) == 3
    assert found[1] == found[0]


def test_lost_worker_records_label_and_seed_of_control(
    config: Settings,
) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    genome = space.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    protocol, stage = Protocol.of(config), Stage(replicate=2, is_confirmation=True)
    variant = ResNetVariant("resnet20 bp", "resnet20", "bp")
    record = lost(Order(space, genome, protocol, stage, variant), reason="killed")
    key = space.key(genome)
    assert (record.key, record.genome) == (f"{key} resnet20 bp", "resnet20 @ bp")
    assert record.seed == protocol.candidate_seed(key, replicate=2, is_confirmation=True)
