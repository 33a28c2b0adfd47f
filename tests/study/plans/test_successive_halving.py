"""Who is promoted to the next rung: front first, then crowding, then smaller violation."""

import pytest

from evonas.evaluation.record import Evaluation
from evonas.study.plans.successive_halving import SuccessiveHalving

PAIR = ("acc", "params")


def on(
    key: str, acc: float, params: float, *, epochs: int = 1, violation: float = 0
) -> Evaluation:
    values = {"acc": acc, "params": params}
    return Evaluation(key, key, values, {}, (), epochs, 0, 0, violation=violation, left_out="yet")


def best(results: list[Evaluation], count: int, *, among: str | None = None) -> str:
    halving = SuccessiveHalving((1, 3, 9), PAIR, eta=3)
    for result in results:
        halving.add(result)
    asked = [result.key for result in results]
    return "".join(halving.best(list(among or asked), count=count, asked=asked))


def test_front_ranks_before_dominated_candidates() -> None:
    results = [on("a", 0.5, 50), on("b", 0.4, 60), on("c", 0.9, 90), on("d", 0.3, 70)]
    assert best(results, 3) == "acb"
    assert best(results, 9) == "acbd"


def test_ends_of_front_rank_before_crowded_middle() -> None:
    crowd = [on("a", 0.1, 10), on("b", 0.12, 12), on("c", 0.14, 14), on("d", 0.5, 50)]
    results = [*crowd, on("e", 0.9, 90)]
    assert best(results, 2) == "ae"
    assert best(results, 3) == "aed"


def test_infeasible_candidates_rank_last_by_violation() -> None:
    results = [on("a", 0.9, 1, violation=2), on("b", 0.1, 99), on("c", 0.9, 1, violation=0.5)]
    assert best(results, 3) == "bca"


def test_failed_candidate_is_ignored_in_ranking() -> None:
    halving = SuccessiveHalving((1, 3), PAIR, eta=3)
    halving.add(Evaluation("a", "a", {}, {}, (), 1, 0, 0, failure="diverged: at once"))
    halving.add(on("b", 0.1, 10))
    assert halving.best(["b"], count=1, asked=["a", "b"]) == ["b"]


def test_candidates_are_ranked_among_all_ever_on_the_rung() -> None:
    """Alone, both are on the front; an older candidate dominates the first."""
    two = [on("a", 0.5, 50), on("b", 0.4, 40)]
    assert best(two, 1) == "a"
    assert best([on("z", 0.6, 45), *two], 1, among="ab") == "b"


def test_results_of_other_rungs_do_not_count() -> None:
    two = [on("a", 0.5, 50), on("b", 0.4, 40)]
    assert best([on("z", 0.6, 45, epochs=3), *two], 1, among="ab") == "a"


def test_one_in_eta_but_at_least_one_is_promoted() -> None:
    halving = SuccessiveHalving((1, 3, 9), PAIR, eta=3)
    assert [halving.share(count) for count in (0, 1, 2, 3, 5, 6, 20)] == [0, 1, 1, 1, 1, 2, 6]
    assert [halving.above(epochs) for epochs in (1, 3, 9)] == [3, 9, None]


@pytest.mark.parametrize(
    ("count", "epochs"), [(0, 0), (1, 9), (9, 9 + 3 * 2 + 6), (20, 20 + 12 + 12)]
)
def test_epochs_of_bracket_are_summed_over_rungs(count: int, epochs: int) -> None:
    halving = SuccessiveHalving((1, 3, 9), PAIR, eta=3)
    assert halving.epochs_of(count, share=halving.share) == epochs
