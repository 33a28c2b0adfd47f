"""Summaries of confirmations, computed by hand."""

import math
from dataclasses import replace

import pytest

from evonas.evaluation.record import Evaluation
from evonas.study.results.confirmed import summarise


def training(key: str, number: int, acc: float, *, params: float = 9.0) -> Evaluation:
    return Evaluation(
        key, "genome", {"acc": acc, "params": params}, {}, (), 1, 0.0, number, replicate=number,
        test_values={"acc": acc - 0.1}, num_images={"acc": 100, "test_acc": 400},
        learned=max(0.0, (acc - 0.1) / 0.9 - 0.05),
    )  # fmt: skip


def test_means_and_errors_match_hand_computation() -> None:
    a = [training("a", n, acc) for n, acc in enumerate((0.8, 0.9), 1)]
    b = [training("b", n, acc) for n, acc in enumerate((0.5, 0.5, 0.8), 1)]
    found = summarise([*b, *a])
    assert found["a"].means == pytest.approx({"acc": 0.85, "test_acc": 0.75})
    assert (found["a"].replicates, found["a"].collapsed) == (2, 0)
    # within a: 0.005 by 1 degree of freedom; within b: 0.03 by 2; pooled 0.065 / 3
    pooled = (0.005 + 0.06) / 3
    # two networks cannot tell how variances differ: each gets the pooled one
    moderated = pooled
    expected = math.sqrt(moderated / 2 + 0.85 * 0.15 / 100)
    assert found["a"].errors["acc"] == pytest.approx(expected, rel=1e-5)
    on_test = math.sqrt(moderated / 2 + 0.75 * 0.25 / 400)
    assert found["a"].errors["test_acc"] == pytest.approx(on_test, rel=1e-5)
    assert "params" not in found["a"].means  # needs no training, so there is nothing to confirm


def test_single_confirmations_report_no_error() -> None:
    found = summarise([training("a", 1, 0.8), training("b", 1, 0.7)])
    assert found["a"].errors == {"acc": None, "test_acc": None}


def test_collapsed_training_is_counted_but_not_averaged() -> None:
    some = [training("a", 1, 0.9), training("a", 2, 0.11), training("a", 3, 0.92)]
    failed = replace(
        training("a", 4, 0.0), failure="diverged: at once", values={}, test_values={}, learned=None
    )
    found = summarise([*some, failed])["a"]
    assert (found.replicates, found.collapsed) == (4, 2)
    assert found.means["acc"] == pytest.approx(0.91)


def test_network_that_never_learns_has_not_collapsed() -> None:
    found = summarise([training("a", n, 0.1) for n in (1, 2)])["a"]
    assert found.collapsed == 0
    assert found.means["acc"] == pytest.approx(0.1)


def test_network_with_only_failed_trainings_has_no_means() -> None:
    failed = replace(
        training("a", 1, 0.0), failure="diverged: at once", values={}, test_values={}, learned=None
    )
    found = summarise([failed, training("b", 1, 0.9), training("b", 2, 0.8)])
    assert (found["a"].replicates, found["a"].collapsed, found["a"].means) == (1, 1, {})


def test_non_proportions_use_measured_errors_not_binomial() -> None:
    def measured(number: int, ece: float, latency: float) -> Evaluation:
        return replace(
            training("a", number, 0.8), values={"acc": 0.8, "ece": ece, "latency": latency},
            test_values={"acc": 0.7, "ece": ece + 0.1},
            image_errors={"ece": 0.03, "test_ece": 0.01}, repeat_errors={"latency": 0.2},
        )  # fmt: skip

    found = summarise([measured(1, 0.10, 30.0), measured(2, 0.14, 34.0)])["a"]
    assert found.errors["ece"] == pytest.approx(math.sqrt(0.0008 / 2 + 0.03**2), rel=1e-5)
    assert found.errors["test_ece"] == pytest.approx(math.sqrt(0.0008 / 2 + 0.01**2), rel=1e-5)
    assert found.errors["latency"] == pytest.approx(math.sqrt(8.0 / 2), rel=1e-5)
    assert "test_latency" not in found.means
    alone = summarise([measured(1, 0.1, 30.0)])["a"]
    assert (alone.errors["ece"], alone.errors["latency"]) == (None, 0.2)
