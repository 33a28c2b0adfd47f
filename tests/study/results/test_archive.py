"""The incremental front compared with the front of all; work is counted, not timed."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector, non_dominated
from evonas.settings import Settings
from evonas.study.plans.archive import Archive
from evonas.study.results.standing import plain_standings
from evonas.study.results.tally import Tally
from evonas.study.run import run_study
from tests.small_run import changed
from tests.study.fake import Drawn

Begin = Callable[[Settings, str], Path]


@pytest.mark.parametrize("num_objectives", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_archive_front_matches_non_dominated_sort_of_all(num_objectives: int, seed: int) -> None:
    draw = random.Random(seed)
    archive, known = Archive(), dict[str, Vector | None]()
    for _ in range(300):
        key = str(draw.randrange(80))
        # coarse numbers, so that some are equal
        vector = tuple(draw.randrange(12) / 4 for _ in range(num_objectives))
        known[key] = None if draw.random() < 0.1 else vector
        archive.put(key, known[key])
        kept = non_dominated(list(known.values()))
        assert archive.front() == tuple(
            v for v, is_kept in zip(known.values(), kept, strict=True) if is_kept
        )


def test_new_result_is_compared_only_with_the_front() -> None:
    draw = random.Random(0)
    archive, longest = Archive(), 0
    for number in range(10_000):
        archive.put(str(number), (draw.random(), draw.random()))
        longest = max(longest, len(archive.front()))
    assert archive.num_comparisons <= 10_000 * longest
    assert longest < 50
    assert archive.num_rebuilt == 0


def evaluation(key: str, replicate: int, epochs: int, failure: str | None = None) -> Evaluation:
    return Evaluation(key, "", {}, {}, (), epochs, 1.0, 0, failure, replicate=replicate)


def test_tally_counts_last_result_of_each_training() -> None:
    tally, all_of_them = Tally(), dict[tuple[str, int], Evaluation]()
    draw = random.Random(0)
    for _ in range(500):
        one = evaluation(
            str(draw.randrange(20)), draw.randrange(3), draw.randrange(4),
            draw.choice([None, None, "failed: at once"]),
        )  # fmt: skip
        tally.add(one)
        all_of_them[one.key, one.replicate] = one
        last = list(all_of_them.values())
        assert tally.done == sum(e.epochs > 0 for e in last)
        assert tally.epochs == sum(e.epochs for e in last)
        assert tally.failures == sum(e.failure is not None for e in last)
    for key in map(str, range(20)):
        mine = sorted((e for e in last if e.key == key), key=lambda e: e.replicate)
        assert tally.of(key) == mine


def test_work_per_result_does_not_grow_with_run(
    config: Settings, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []

    def counted(trainings: list[Evaluation], *args: object, **kwargs: object) -> object:
        looked_at.append(len(trainings))
        return plain_standings(trainings, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("evonas.study.results.beliefs.plain_standings", counted)
    size = {"population": 10, "generations": 40, "evaluations": 400}
    folder = begin(changed(config, algorithm="random", **size), "run")
    run_study(folder, executor=Drawn(), on_progress=lambda _: None)
    assert len(looked_at) >= 400
    # only the front and this generation, however many came before
    assert max(looked_at[300:]) < 40
    looked_at.clear()
    run_study(folder, executor=Drawn(), on_progress=lambda _: None)
    assert len(looked_at) <= 45  # a replay looks once per generation, not once per result
