"""Runs that know results of earlier runs, compared with the same run without them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import ConfigError, RunFolderError
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.space import source_text
from evonas.study.changes.extend import extend
from evonas.study.changes.warm_start import check_protocol, reuse_results
from evonas.study.executors.make import make_executor
from evonas.study.folder import opened_run, readable_run
from evonas.study.journal.reading import told_of
from evonas.study.run import run_study
from tests.small_run import changed
from tests.study.fake import Drawn
from tests.study.test_extend import outcome

Begin = Callable[[Settings, str], Path]
Call = Callable[..., Any]


def run(folder: Path, executor: Drawn) -> None:
    result = run_study(folder, executor=executor, on_progress=lambda _: None)
    write_tables(folder, result.candidates, ("acc", "params"))


def start(begin: Begin, settings: Settings, name: str, *earlier: Path) -> Path:
    check_protocol(settings, source_text(settings.problem.space), earlier)
    folder = begin(settings, name)
    reuse_results(folder, earlier)
    return folder


def test_warm_run_ends_equally_without_repeating_known_trainings(
    config: Settings, begin: Begin
) -> None:
    earlier = begin(config, "earlier")
    run(earlier, Drawn())
    other = changed(config, algorithm="evonas", population=6, evaluations=18, replicates="auto")
    cold, warm = begin(other, "cold"), start(begin, other, "warm", earlier)
    run(cold, one := Drawn())
    run(warm, two := Drawn())
    assert outcome(warm) == outcome(cold)
    assert len(two.submitted) < len(one.submitted)
    # results known from an earlier run are passed on
    third = start(begin, other, "third", warm)
    run(third, none := Drawn())
    assert outcome(third) == outcome(cold)
    assert len(none.submitted) <= 2  # failures are trained again


def test_warm_start_copies_models(config: Settings, begin: Begin) -> None:
    small = changed(config, evaluations=4, generations=1)
    earlier = begin(small, "earlier")
    run_study(earlier, executor=make_executor(1), on_progress=lambda _: None)
    warm = start(begin, changed(small, algorithm="random"), "warm", earlier)
    names = {path.name: path.read_bytes() for path in (earlier / "models").iterdir()}
    assert {path.name: path.read_bytes() for path in (warm / "models").iterdir()} == names


def test_results_on_other_images_are_not_reused(config: Settings, begin: Begin) -> None:
    first: dict[str, str | None] = {"train_sha256": "a" * 64, "test_sha256": "t" * 64}
    second = {**first, "train_sha256": "b" * 64}
    earlier = begin(changed(config, evaluations=6, generations=2, **first), "earlier")
    run(earlier, Drawn())
    with opened_run(earlier) as (_, journal):
        journal.record_accepted_data(second)
    extend(earlier, evaluations=12)
    run(earlier, Drawn())
    warm = start(begin, changed(config, **second), "warm", earlier)
    with readable_run(earlier) as (_, journal), readable_run(warm) as (_, new):
        before = journal.entries[: [e.kind for e in journal.entries].index("accepted-data")]
        on_others = {each.seed for each in told_of(before)}
        reused = {each.seed for each in new.known()}
    assert reused
    assert not reused & on_others


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed: 0 and 1"),
        ({"epochs": 2}, "epochs: 1 and 2"),
        ({"split_seed": 3}, "split_seed: 0 and 3"),
        ({"rules": ("fa",)}, "rules: fa,usf,brsf and fa"),
        ({"constraints": ("params<=8k",)}, "constraints: none and params<=8k"),
        ({"objectives": ("acc", "robust")}, "it did not measure robust"),
        ({"train_sha256": "a" * 64}, "train_sha256"),
    ],
)
def test_different_protocol_is_rejected(
    config: Settings, begin: Begin, change: dict[str, Any], said: str
) -> None:
    earlier = begin(config, "earlier")
    with pytest.raises(ConfigError, match="has another protocol") as refused:
        check_protocol(changed(config, **change), source_text("nas-bench-201"), [earlier])
    assert said in str(refused.value)
    assert earlier.name in str(refused.value)


def test_fewer_objectives_and_different_search_keep_protocol(
    config: Settings, begin: Begin, tmp_path: Path
) -> None:
    earlier = begin(config, "earlier")
    text = source_text("nas-bench-201")
    other = changed(config, objectives=("acc",), algorithm="random", population=9, confirm=2)
    check_protocol(other, text, [earlier])
    with pytest.raises(ConfigError, match="the text of the search space"):
        check_protocol(other, text + "# another", [earlier])
    with pytest.raises(RunFolderError):
        check_protocol(other, text, [tmp_path])
