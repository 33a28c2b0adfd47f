"""Level 1, which attacks only the survivors; oracle: full runs of every attack."""

import json
from fractions import Fraction

import pytest
from torch import nn

from evonas.evaluation.attacks.attackers import Apgd, Square
from evonas.evaluation.attacks.masking import level_one as module
from evonas.evaluation.attacks.masking.diagnosis import FEW_STEPS, masking
from evonas.evaluation.attacks.masking.level_one import level_one
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.attacks.suite import NamedAttack, run_attack, worst_case
from evonas.evaluation.data.images import Images, SearchData

ATTACKS = (NamedAttack("dlr", Apgd(5, loss="dlr")), NamedAttack("square", Square(60)))


@pytest.fixture
def images(digits: SearchData, monkeypatch: pytest.MonkeyPatch) -> Images:
    monkeypatch.setattr(module, "LEVEL_1", ATTACKS)
    return robust_subset(digits.validation, num_images=80, seed=0)


@pytest.mark.parametrize("epsilon", [Fraction(20, 255), Fraction(1, 2)])
def test_level_one_equals_worst_case_of_full_attack_runs(
    epsilon: Fraction, trained: nn.Module, images: Images
) -> None:
    found = level_one(trained, images, epsilon=epsilon, seed=3)
    runs = [
        run_attack(trained, images, attack, epsilon=epsilon, seed=3)
        for attack in (FEW_STEPS, *ATTACKS)
    ]
    left = [float(worst_case(runs[: n + 1]).double().mean()) for n in range(3)]
    assert list(found.accuracies) == ["apgd-ce-10", "dlr", "square"]
    assert list(found.accuracies.values()) == left
    assert found.worst_case == left[-1]
    assert found.clean == float(runs[0].correct.double().mean())
    assert found.standard_error == pytest.approx((left[-1] * (1 - left[-1]) / 80) ** 0.5)
    assert found.masking == masking(
        trained, images, epsilon=epsilon, seed=3, white_box=worst_case(runs[:2]),
        black_box=runs[2].robust,
    )  # fmt: skip
    assert LevelOne.from_document(json.loads(json.dumps(found.as_document()))) == found


def test_network_fooled_only_by_square_has_a_square_gap(
    trained: nn.Module, images: Images
) -> None:
    class Grey(nn.Module):
        """Sixteen grey levels, which leave no gradient."""

        def forward(self, x):  # type: ignore[no-untyped-def]
            return trained((15 * x).round() / 15)

    found = level_one(Grey(), images, epsilon=Fraction(40, 255), seed=0)
    assert "square_gap" in found.flags
    # the diagnosis also attacks along the gradient, and may find some of these
    gap = found.masking.value("square_gap")
    assert gap is not None
    assert 0.1 < gap <= found.accuracies["dlr"] - found.worst_case
