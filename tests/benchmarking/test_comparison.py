"""Comparisons of run folders with hand-made journals, and of benches."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.benchmarking.comparison import compare_courses, compare_records
from evonas.benchmarking.scores import BenchScore
from evonas.benchmarking.trajectory import (
    Trajectory,
    group_labels,
    read_trajectories,
    unlabelled_differences,
)
from evonas.errors import ConfigError, RunFolderError
from evonas.search.pareto import Normaliser, Vector
from evonas.settings import Settings
from tests.small_run import changed

MakeRun = Callable[..., Path]


def trajectory(label: str, vectors: Sequence[Vector | None], *, name: str = "run") -> Trajectory:
    seconds = tuple(float(i + 1) for i in range(len(vectors)))
    return Trajectory(name, label, tuple(vectors), seconds)


def test_trajectory_follows_ask_order_with_minimised_objectives(
    make_run: MakeRun, run_config: Settings
) -> None:
    folder = make_run("a", run_config, [(0.5, 10.0), None, (0.75, 20.0)])
    (told,), objectives, unlabelled_differences = read_trajectories([folder])
    assert unlabelled_differences == ()
    assert objectives == ("acc", "params")
    assert told.vectors == ((-0.5, 10.0), None, (-0.75, 20.0))
    assert told.seconds == (1.5, 3.0, 4.5)
    assert told.label == "nsga2"


def test_group_labels_name_differing_settings(run_config: Settings) -> None:
    seeds = [changed(run_config, seed=seed, data_dir=f"data{seed}") for seed in range(2)]
    assert group_labels(seeds) == ["nsga2", "nsga2"]
    engines = [changed(run_config, algorithm=name) for name in ("nsga2", "random")]
    assert group_labels(engines) == ["nsga2", "random"]
    epochs = [changed(run_config, epochs=count) for count in (1, 3)]
    assert group_labels(epochs) == ["epochs=1", "epochs=3"]
    both = [*engines, changed(engines[1], rules=("fa", "bp"))]
    assert group_labels(both) == [
        "algorithm=nsga2, rules=fa",
        "algorithm=random, rules=fa",
        "algorithm=random, rules=fa+bp",
    ]
    implied = changed(engines[0], epochs=3, batch=7, gate="off")
    assert group_labels([*engines, implied]) == [
        "algorithm=nsga2, epochs=1",
        "algorithm=random, epochs=1",
        "algorithm=nsga2, epochs=3",
    ]


def test_group_labels_always_name_differing_space_and_population(
    run_config: Settings,
) -> None:
    """Even if the algorithm alone distinguishes the groups; other differences are listed."""
    others = [
        run_config,
        changed(run_config, algorithm="random", population=7, gate="off", epochs=9),
    ]
    assert group_labels(others) == [
        f"algorithm={run.search.algorithm}, population={run.search.population}" for run in others
    ]
    assert set(unlabelled_differences(others)) == {"gate", "epochs"}
    spaces = [run_config, changed(run_config, algorithm="random", space="darts")]
    assert [", space=" in label for label in group_labels(spaces)] == [True, True]


def test_spaces_with_equal_names_get_different_labels(
    make_run: MakeRun, run_config: Settings
) -> None:
    values = [(0.5, 10.0)]
    folders = [make_run("a", run_config, values)]
    folders.append(make_run("b", run_config, values, more_of_space="\n# another\n"))
    told, _, _ = read_trajectories(folders)
    assert told[0].label != told[1].label
    assert all(re.fullmatch(r"space=\S+ \([0-9a-f]{8}\)", each.label) for each in told)


def test_runs_on_different_images_are_rejected(make_run: MakeRun, run_config: Settings) -> None:
    one, other = (changed(run_config, train_sha256=digit * 64) for digit in "01")
    first, second = make_run("a", one, [(0.5, 10.0)]), make_run("b", other, [(0.5, 10.0)])
    with pytest.raises(ConfigError, match=r"train_sha256 1111.* such runs cannot be compared"):
        read_trajectories([first, second])


def test_robustness_at_different_radii_is_not_compared(
    make_run: MakeRun, run_config: Settings
) -> None:
    def made(objectives: tuple[str, ...]) -> list[Path]:
        radii = [changed(run_config, objectives=objectives, epsilon=f"{n}/255") for n in (1, 8)]
        return [
            make_run(f"{objectives[1]}{n}", radius, [(0.5, 0.4)]) for n, radius in enumerate(radii)
        ]

    with pytest.raises(ConfigError, match=r"robust1: epsilon 8/255, but .*robust0 has 1/255"):
        read_trajectories(made(("acc", "robust")))
    assert len(read_trajectories(made(("acc", "params")))[0]) == 2  # no attack, no difference


def test_incomparable_runs_are_rejected(
    make_run: MakeRun, run_config: Settings, tmp_path: Path
) -> None:
    first = make_run("a", run_config, [(0.5, 10.0)])
    other = make_run("b", changed(run_config, objectives=("acc", "bio")), [(0.5, 1.0)])
    with pytest.raises(ConfigError, match=r"b: objectives acc\+bio, but .*a has acc\+params"):
        read_trajectories([first, other])
    with pytest.raises(ConfigError, match="a folder is given twice"):
        read_trajectories([first, tmp_path / "." / "a"])
    with pytest.raises(ConfigError, match="no candidate of this run has been evaluated"):
        read_trajectories([make_run("c", run_config, [])])
    with pytest.raises(RunFolderError, match="expected the folder of a run"):
        read_trajectories([tmp_path / "nowhere"])


def test_run_measures_match_hand_computation() -> None:
    compared = compare_courses(
        [
            trajectory("a", [(0.0, 1.0), (1.0, 0.0), (0.5, 0.5), None]),
            trajectory("b", [None, (1.0, 1.0), (9.0, 9.0)]),  # the shortest: three evaluations
        ]
    )
    assert compared.normaliser == Normaliser((0.0, 0.0), (1.0, 1.0))
    ours, theirs = compared.runs
    # up to (1.1, 1.1): rectangles of 1.1 x 0.1 that share 0.01; then one of 0.6 x 0.6, of which
    # they have 0.06 each, the shared 0.01 counted twice
    assert ours.trajectory == pytest.approx((0.11, 0.21, 0.21 + 0.36 - (0.06 + 0.06 - 0.01)))
    assert theirs.trajectory == pytest.approx((0.0, 0.01, 0.01))
    assert ours.measures["igd_plus"] == 0.0
    # distances from (0, 1), (1, 0) and (0.5, 0.5): 1, 1 and half the diagonal of the square
    assert theirs.measures["igd_plus"] == pytest.approx((1 + 1 + 0.5**0.5) / 3)
    assert ours.evaluations == theirs.evaluations == (1, 2, 3)
    assert ours.seconds == (1.0, 2.0, 3.0)
    assert compared.surfaces == {
        "a": [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)],
        "b": [(1.0, 1.0)],
    }


def test_reference_includes_results_after_the_shortest_run() -> None:
    """Runs are compared with all results of all runs, not only with those up to the shortest."""
    compared = compare_courses(
        [
            trajectory("long", [(4.0, 4.0), (4.0, 0.0), (0.0, 0.0)]),
            trajectory("short", [(4.0, 4.0)]),
        ]
    )
    assert compared.normaliser == Normaliser((0.0, 0.0), (4.0, 4.0))
    assert [run.evaluations for run in compared.runs] == [(1,), (1,)]
    assert [run.measures["igd_plus"] for run in compared.runs] == pytest.approx([2**0.5] * 2)
    assert [run.measures["hypervolume"] for run in compared.runs] == pytest.approx([0.1**2] * 2)


def test_run_dominated_by_single_point_front_has_hypervolume() -> None:
    compared = compare_courses(
        [trajectory("a", [(0.0, 0.0)]), trajectory("b", [(9.0, 9.0), (5.0, 3.0)])]
    )
    assert compared.normaliser == Normaliser((0.0, 0.0), (9.0, 9.0))  # at one evaluation
    assert [run.measures["hypervolume"] for run in compared.runs] == pytest.approx(
        [1.1**2, 0.1**2]
    )


def test_given_reference_front_replaces_the_union() -> None:
    runs = [trajectory("a", [(1.0, 1.0)])]
    compared = compare_courses(runs, reference=[(0.0, 2.0), (2.0, 0.0)])
    assert compared.normaliser == Normaliser((0.0, 0.0), (2.0, 2.0))
    assert compared.runs[0].measures["hypervolume"] == pytest.approx(0.6**2)
    assert compared.runs[0].measures["igd_plus"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("reference", "ideal", "nadir"),
    [
        ([(-0.9, 20_000.0)], (-0.9, 9_000.0), (-0.6, 30_000.0)),  # between the runs
        ([(-0.3, 1.0)], (-0.9, 1.0), (-0.3, 30_000.0)),
        ([(-0.9, 20_000.0), (-0.9, 10_000.0)], (-0.9, 10_000.0), (-0.6, 20_000.0)),
        ([(-0.95, 100.0)], (-0.95, 100.0), (-0.6, 30_000.0)),  # ahead of both runs
        ([(-0.1, 50_000.0)], (-0.9, 9_000.0), (-0.1, 50_000.0)),  # behind both
    ],
)
def test_reference_without_extent_is_scaled_by_the_runs(
    reference: list[Vector], ideal: Vector, nadir: Vector
) -> None:
    """An earlier version printed 8,456, as the scale of an objective was a single parameter."""
    runs = [trajectory("a", [(-0.9, 30_000.0)]), trajectory("b", [(-0.6, 9_000.0)])]
    compared = compare_courses(runs, reference=reference)
    assert compared.normaliser == Normaliser(ideal, nadir)
    for run in compared.runs:
        assert 0.0 <= run.measures["hypervolume"] <= 1.1 * 1.2


def test_superiority_respects_direction_of_measure() -> None:
    good, bad = [(0.0, 0.0)], [(1.0, 1.0)]
    compared = compare_courses([*[trajectory("a", good)] * 4, *[trajectory("b", bad)] * 4])
    tests = {test.measure: test for test in compared.tests()}
    for test in tests.values():
        assert (test.first, test.second, test.superiority) == ("a", "b", 1.0)
        assert test.p < 0.05
        assert test.p_holm == test.p  # one pair
    assert tests["igd_plus"].difference < 0 < tests["hypervolume"].difference


def test_holm_adjusts_over_pairs_of_a_measure() -> None:
    runs = [
        trajectory(label, [(float(i), 1.0)]) for i, label in enumerate("abc") for _ in range(4)
    ]
    for test in compare_courses(runs).tests():
        if test.measure == "igd_plus":
            assert test.p_holm == pytest.approx(min(1.0, 3 * test.p))


def test_one_or_four_objectives_have_no_attainment_surface() -> None:
    for length in (1, 4):
        compared = compare_courses([trajectory("a", [(0.0,) * length, (1.0,) * length])])
        assert compared.surfaces == {}
        assert compared.runs[0].measures["hypervolume"] == pytest.approx(1.1**length)


def test_runs_with_only_failures_are_rejected() -> None:
    with pytest.raises(ConfigError, match="every candidate failed"):
        compare_courses([trajectory("a", [None, None])])
    outside = replace(trajectory("a", [None, None]), num_outside=2)
    with pytest.raises(ConfigError) as refused:
        compare_courses([outside])
    assert str(refused.value) == (
        "runs: there is nothing to compare: no candidate is within the constraints (2 outside)"
    )


def bench(name: str, scores: Sequence[float], *, seed: int = 0) -> list[BenchScore]:
    counts = [10 * 10**i for i in range(len(scores))]
    return [
        BenchScore(name, seed, count, "hv_share", score)
        for count, score in zip(counts, scores, strict=True)
    ]


def test_bench_comparison_covers_every_checkpoint() -> None:
    records = [r for seed in range(3) for r in bench("a", (0.1, 0.2, 0.4), seed=seed)]
    records += [r for seed in range(3) for r in bench("b", (0.2, 0.2, 0.3), seed=seed)]
    compared = compare_records({"one.json": records})
    assert compared.labels == ("a", "b")
    assert compared.measures == ("hv_share@10", "hv_share@100", "hv_share@1000", "auc")
    assert compared.values("a", "auc") == pytest.approx([0.15] * 3)
    wins = {test.measure: test.superiority for test in compared.tests()}
    assert wins == {"hv_share@10": 0.0, "hv_share@100": 0.5, "hv_share@1000": 1.0, "auc": 0.0}


def test_one_engine_in_two_files_forms_two_groups() -> None:
    compared = compare_records(
        {"old.json": bench("a", (0.1,)), "new.json": bench("a", (0.2,)) + bench("b", (0.3,))}
    )
    assert compared.labels == ("a (old.json)", "a (new.json)", "b")


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "expected at least one record, got none"),
        ([BenchScore("a", 0, 10, "value", 1.0), *bench("b", (0.1,))], "hv_share and value cannot"),
        ([*bench("a", (0.1,)), *bench("b", (0.1, 0.2))], "cannot be compared"),
        ([*bench("a", (0.1,)), *bench("a", (0.2,))], "a, seed 0: a score is missing or given tw"),
        ([BenchScore("a", 0, 10, "value", None)], "a, seed 0: a score is missing or given twice"),
    ],
)
def test_incomparable_benches_are_rejected(records: list[BenchScore], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compare_records({"one.json": records})
