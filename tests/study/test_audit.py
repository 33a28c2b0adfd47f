"""The audit of a front: who is audited, how flags change the front, and resuming."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.evaluation.attacks.attackers import Apgd, Square
from evonas.evaluation.attacks.masking import diagnosis, level_one
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.masking.report import Masking, MaskingCheck
from evonas.evaluation.attacks.suite import NamedAttack
from evonas.settings import Settings
from evonas.study import audit
from evonas.study.audit import audit_study, is_audited
from evonas.study.executors.make import make_executor
from evonas.study.folder import readable_run
from evonas.study.journal.findings import Finding
from evonas.study.results.audited import AUDIT
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.weights import weights_path
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]
OBJECTIVES = ("acc", "robust")


@pytest.fixture
def attacked(config: Settings) -> Settings:
    return changed(
        config, objectives=OBJECTIVES, generations=1, evaluations=4, audit_images=20, epochs=2
    )


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attacks of a few steps: their strength is not tested here."""
    attacks = (NamedAttack("apgd-dlr-2", Apgd(2, loss="dlr")), NamedAttack("sq", Square(20)))
    monkeypatch.setattr(level_one, "LEVEL_1", attacks)
    monkeypatch.setattr(diagnosis, "FEW_STEPS", NamedAttack("apgd-ce-2", Apgd(2)))
    monkeypatch.setattr(diagnosis, "MANY_STEPS", NamedAttack("apgd-ce-4", Apgd(4)))


def audited(folder: Path) -> list[tuple[int, int]]:
    """Audit the run in a folder, and return the reported progress."""
    shown = list[tuple[int, int]]()
    executor = make_executor(1)
    try:
        audit_study(folder, executor=executor, on_progress=lambda *at: shown.append(at))
    finally:
        executor.close()
    return shown


def findings(folder: Path) -> list[Finding]:
    with readable_run(folder) as (_, journal):
        return journal.findings(AUDIT)


def verdict(worst_case: float, *flags: str) -> LevelOne:
    checks = tuple(MaskingCheck(name, 1.0, 0.5, is_flagged=True) for name in flags)
    return LevelOne(0.9, {"square-500": 0.5}, worst_case, 0.1, Masking(checks, None, None, 20), 20)


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], LevelOne]], list[int]]:
    """Replace measurements by a verdict given the audit's number; counts the audits."""

    def by(say: Callable[[int], LevelOne]) -> list[int]:
        asked = list[int]()

        def verdict_of(*_: object, **__: object) -> LevelOne:
            asked.append(len(asked))
            return say(asked[-1])

        monkeypatch.setattr(audit, "level_one", verdict_of)
        return asked

    return by


def best(values: dict[str, tuple[float, float]]) -> set[str]:
    """Non-dominated keys, by comparing all pairs."""
    return {
        key
        for key, mine in values.items()
        if not any(
            all(t >= m for t, m in zip(theirs, mine, strict=True)) and theirs != mine
            for theirs in values.values()
        )
    }


def believed(candidates: list[Candidate]) -> dict[str, tuple[float, float]]:
    return {
        c.key: (c.values["acc"], c.values["robust"])
        for c in candidates
        if c.failure is None and c.left_out is None
    }


@pytest.mark.usefixtures("weak")
def test_every_network_on_front_is_audited_and_audits_are_deterministic(
    attacked: Settings, begin: Begin, run: Run
) -> None:
    first, second = begin(attacked, "first"), begin(attacked, "second")
    result = run(first, 1)
    run(second, 2)
    shown = audited(first)
    audited(second)
    keys = {c.key for c in result.front}
    assert {f.key for f in findings(first)} == keys
    assert shown == [(n, len(keys)) for n in range(len(keys) + 1)]
    assert findings(first) == findings(second)
    for found in read_run(first).audited.values():
        assert found.num_images == 20
        accuracies = [found.clean, *found.accuracies.values()]
        assert accuracies == sorted(accuracies, reverse=True)
        assert accuracies[-1] == found.worst_case
        assert {check.name for check in found.masking.checks} >= {"square_gap", "step_gap"}
    # already audited: nothing to do
    assert audited(first) == [(len(keys), len(keys))]


def test_masked_network_counts_by_worst_case_and_new_front_is_audited(
    attacked: Settings,
    begin: Begin,
    run: Run,
    judge: Callable[[Callable[[int], LevelOne]], list[int]],
) -> None:
    folder = begin(attacked, "run")
    values = believed(run(folder, 1).candidates)
    asked = judge(lambda number: verdict(0.01, "order") if number % 2 == 0 else verdict(0.01))
    audited(folder)
    state = read_run(folder)
    flagged = {key for key, found in state.audited.items() if found.flags}
    assert 0 < len(flagged) < len(state.audited) == len(asked)
    held = {
        key: (acc, min(robust, 0.01) if key in flagged else robust)
        for key, (acc, robust) in values.items()
    }
    assert believed(state.candidates) == held
    returned = {c.key for c in front(state.candidates, OBJECTIVES)}
    assert returned == best(held)
    assert returned <= set(state.audited)
    assert best(values) <= set(state.audited)
    # networks taken off the front keep their weights
    assert all(weights_path(folder, key).exists() for key in state.audited)


def test_audit_covers_every_possible_front_if_all_are_masked(
    attacked: Settings,
    begin: Begin,
    run: Run,
    judge: Callable[[Callable[[int], LevelOne]], list[int]],
) -> None:
    folder = begin(attacked, "run")
    values = believed(run(folder, 1).candidates)
    judge(lambda _: verdict(0.0, "order"))
    audited(folder)
    known = set[str]()
    while new := best({k: (a, 0.0 if k in known else r) for k, (a, r) in values.items()}) - known:
        known |= new
    assert set(read_run(folder).audited) == known


def test_interrupted_audit_resumes_to_equal_results(
    attacked: Settings, begin: Begin, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = begin(attacked, "one"), begin(attacked, "other")
    run(one, 1)
    run(other, 1)
    measured = list[str]()

    def by_key(path: Path) -> str:
        measured.append(path.stem)
        return path.stem

    class Named:
        """Stands for the network of a key."""

        def __init__(self, path: Path) -> None:
            self.key = by_key(path)

        def to(self, _: str) -> "Named":
            return self

        def eval(self) -> None: ...

    def verdict_on(network: Named, *_: object, **__: object) -> LevelOne:
        return verdict(0.05, "order") if int(network.key, 16) % 2 else verdict(0.05)

    monkeypatch.setattr(audit, "load_network", Named)
    monkeypatch.setattr(audit, "level_one", verdict_on)
    audited(one)
    in_one_go, count = sorted(measured), len(measured)
    measured.clear()
    record = Finding

    for _ in range(count - 1):
        monkeypatch.setattr(audit, "Finding", _interrupted_after(1, record))
        with pytest.raises(KeyboardInterrupt):
            audited(other)
        run(other, 1)  # `evonas resume` replays the search first
    monkeypatch.setattr(audit, "Finding", record)
    audited(other)
    assert findings(one) == findings(other)
    assert set(measured) == set(in_one_go)
    left, right = read_run(one), read_run(other)
    assert [replace(c, trainings=()) for c in left.candidates] == [
        replace(c, trainings=()) for c in right.candidates
    ]
    assert {p.name for p in (one / "models").iterdir()} == {
        p.name for p in (other / "models").iterdir()
    }


def _interrupted_after(count: int, record: type[Finding]) -> Callable[..., Finding]:
    left = [count]

    def make(*given: object) -> Finding:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return record(*given)  # type: ignore[arg-type]

    return make


@pytest.mark.usefixtures("weak")
def test_missing_weights_are_retrained_before_audit(
    attacked: Settings, begin: Begin, run: Run
) -> None:
    first, second = begin(attacked, "first"), begin(attacked, "second")
    (run(first, 1), run(second, 1))
    for path in (second / "models").iterdir():
        path.unlink()
    (audited(first), audited(second))
    assert findings(first) == findings(second)


@pytest.mark.parametrize(
    "values",
    [{"audit_images": 0}, {"objectives": ("acc", "params")}],
    ids=["no images", "no robust"],
)
def test_audit_is_skipped_if_unwanted_or_without_robustness(
    values: dict[str, object], attacked: Settings, begin: Begin, run: Run
) -> None:
    settings = changed(attacked, **values)
    assert not is_audited(settings)
    folder = begin(settings, "run")
    run(folder, 1)
    assert audited(folder) == []
    assert findings(folder) == []


def test_old_run_without_audit_setting_has_none(attacked: Settings, begin: Begin) -> None:
    folder = begin(attacked, "run")
    assert read_run_settings(folder).attack.audit_images == 20
    path = folder / "config.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "audit_images" not in line))
    assert read_run_settings(folder).attack.audit_images == 0


def read_run_settings(folder: Path) -> Settings:
    from evonas.study.config import read_config

    return read_config(folder)
