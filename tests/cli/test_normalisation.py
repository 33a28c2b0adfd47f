"""Ideal and nadir are shown in the direction of each objective."""

from evonas.cli.measuring.normalisation import describe_normaliser
from evonas.search.pareto import Normaliser


def test_maximised_objective_is_shown_with_original_sign() -> None:
    normaliser = Normaliser(ideal=(-0.9, 100.0), nadir=(-0.5, 900.0))
    text = describe_normaliser(normaliser, names=("acc", "params"), signs=(-1.0, 1.0))
    assert text == "ideal acc 0.9, params 100; nadir acc 0.5, params 900; reference 1.1"
