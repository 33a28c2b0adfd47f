"""Runs that start with the best of earlier runs: their first candidates, their files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import ConfigError, RunFolderError, StorageError
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.executors.make import make_executor
from evonas.study.prior.collecting import with_prior
from evonas.study.prior.prior_file import PRIOR_FILE, prior_names
from evonas.study.results.reading import read_run
from evonas.study.run import run_study
from evonas.study.upkeep.backup import back_up
from evonas.study.upkeep.verify import verify
from tests.small_run import changed
from tests.study.fake import Drawn
from tests.study.test_extend import outcome

Begin = Callable[[Settings, str], Path]
POPULATION = 8
FOUNDERS = 2  # a quarter


class Interrupted(Exception):
    """In mid-run."""


def run(folder: Path, *, stop_after: int | None = None) -> None:
    told = 0

    def count(_: object) -> None:
        nonlocal told
        told += 1
        if told == stop_after:
            raise Interrupted

    result = run_study(folder, executor=Drawn(), on_progress=count)
    write_tables(folder, result.candidates, ("acc", "params"))


def begin_with(folder: Path, settings: Settings, earlier: Sequence[Path]) -> Path:
    space = settings.problem.space
    settings, text = with_prior(settings, space, earlier)
    create_run(folder, settings, space_text=source_text(space), prior_json=text)
    return folder


@pytest.fixture
def earlier(config: Settings, begin: Begin) -> Path:
    folder = begin(changed(config, evaluations=24, generations=6), "earlier")
    run(folder)
    return folder


@pytest.fixture
def later(config: Settings) -> Settings:
    """Settings with a different seed, size, budget and engine."""
    return changed(
        config,
        seed=5,
        channels=8,
        epochs=2,
        population=POPULATION,
        evaluations=24,
        algorithm="evonas",
    )


def test_run_starts_with_good_candidates_of_earlier_run(
    earlier: Path, later: Settings, tmp_path: Path
) -> None:
    folder = begin_with(tmp_path / "later", later, [earlier])
    run(folder)
    first = [candidate.key for candidate in read_run(folder).candidates][:FOUNDERS]
    known = {c.key: c for c in read_run(earlier).candidates if c.failure is None}
    assert set(first) <= set(known)
    better = [
        sum(
            other.values["acc"] >= known[key].values["acc"]
            and other.values["params"] <= known[key].values["params"]
            for other in known.values()
        )
        for key in first
    ]
    assert max(better) <= len(known) // 4  # few are at least as good in both


def test_interrupted_run_with_prior_resumes_to_equal_tables(
    earlier: Path, later: Settings, tmp_path: Path
) -> None:
    whole, parts = (begin_with(tmp_path / name, later, [earlier]) for name in ("whole", "parts"))
    run(whole)
    for stop_after in (1, 7):
        with pytest.raises(Interrupted):
            run(parts, stop_after=stop_after)
    for path in (earlier / "journal.db", earlier / "study.db"):
        path.unlink(missing_ok=True)  # the run has its own copy of the prior
    run(parts)
    assert outcome(parts) == outcome(whole)
    assert (parts / "config.yaml").read_bytes() == (whole / "config.yaml").read_bytes()


def test_edited_prior_results_are_detected(earlier: Path, later: Settings, tmp_path: Path) -> None:
    folder = begin_with(tmp_path / "later", later, [earlier])
    run(folder, stop_after=None)
    assert not verify(folder, write_tables=lambda *_: None, reads_images=False)
    path = folder / PRIOR_FILE
    document = json.loads(path.read_text())
    document["runs"][0]["results"][0][1][0] = 0.99
    path.write_text(json.dumps(document))
    damaged = verify(folder, write_tables=lambda *_: None, reads_images=False)
    assert path in [each.path for each in damaged]
    with pytest.raises(StorageError, match=r"prior\.json: missing, or changed since"):
        run(folder)
    path.unlink()
    with pytest.raises(StorageError, match=r"prior\.json: missing"):
        run(folder)


def test_backup_includes_prior_results(earlier: Path, later: Settings, tmp_path: Path) -> None:
    folder = begin_with(tmp_path / "later", later, [earlier])
    with pytest.raises(Interrupted):
        run(folder, stop_after=5)
    back_up(folder, tmp_path / "copy")
    run(folder)
    run(tmp_path / "copy")
    assert outcome(tmp_path / "copy") == outcome(folder)


def test_failed_candidates_are_left_out_of_prior(
    earlier: Path, later: Settings, tmp_path: Path
) -> None:
    folder = begin_with(tmp_path / "later", later, [earlier])
    (written,) = json.loads((folder / PRIOR_FILE).read_text())["runs"]
    candidates = read_run(earlier).candidates
    assert any(candidate.failure is not None for candidate in candidates)
    assert [text for text, _ in written["results"]] == [
        candidate.genome for candidate in candidates if candidate.failure is None
    ]
    assert written["objectives"] == ["acc", "params"]


def test_candidates_without_measured_robustness_are_left_out_of_prior(
    config: Settings, begin: Begin, later: Settings
) -> None:
    both = changed(config, objectives=("acc", "robust"), evaluations=4, generations=1)
    folder = begin(changed(both, constraints=("acc>=0.99",)), "outside")
    run_study(folder, executor=make_executor(1), on_progress=lambda _: None)
    candidates = read_run(folder).candidates
    assert any(c.failure is None and "robust" not in c.values for c in candidates)
    with pytest.raises(ConfigError, match="has no result for a genome"):
        with_prior(changed(later, objectives=("robust",)), "nas-bench-201", [folder])
    _, text = with_prior(changed(later, objectives=("acc",)), "nas-bench-201", [folder])
    (written,) = json.loads(text or "")["runs"]
    assert len(written["results"]) == sum(c.failure is None for c in candidates)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objectives": ("robust",)}, "measured acc, params, none of which is an objective of"),
        (
            {"space": "darts"},
            "has no result for a genome of space darts with the rules fa",
        ),
        ({"algorithm": "bionas-eg"}, "bionas-eg cannot use earlier results"),
        ({"prior_sha256": "a" * 64}, "expected results with the hash aaaa"),
    ],
)
def test_unusable_prior_results_are_rejected(
    earlier: Path, later: Settings, change: dict[str, Any], said: str
) -> None:
    settings = changed(later, **change)
    with pytest.raises(ConfigError, match=said):
        with_prior(settings, settings.problem.space, [earlier])


def test_configuration_with_prior_hash_needs_earlier_runs(
    earlier: Path, later: Settings, tmp_path: Path
) -> None:
    settings, text = with_prior(later, "nas-bench-201", [earlier])
    assert with_prior(settings, "nas-bench-201", [earlier]) == (settings, text)
    with pytest.raises(ConfigError, match="name them with --prior, or remove the setting"):
        with_prior(settings, "nas-bench-201", [])
    with pytest.raises(RunFolderError, match="expected the folder of a run"):
        with_prior(later, "nas-bench-201", [tmp_path])


def test_prior_without_earlier_runs_changes_nothing(later: Settings) -> None:
    assert with_prior(later, "nas-bench-201", []) == (later, None)


def test_prior_names_list_earlier_runs(earlier: Path, later: Settings, tmp_path: Path) -> None:
    folder = begin_with(tmp_path / "later", later, [earlier, earlier])
    sha256 = read_run(folder).settings.search.prior_sha256
    assert prior_names(folder, sha256=sha256) == ("earlier", "earlier")
    assert prior_names(folder, sha256=None) == ()
    (folder / PRIOR_FILE).write_text("{}")
    assert prior_names(folder, sha256=sha256) == ()
