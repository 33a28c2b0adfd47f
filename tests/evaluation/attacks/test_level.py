"""A level: attacks one after another, each on the images that survived those before it.

The oracles are each attack alone on all images, and attacks that always or never succeed.
"""

import time

import pytest
import torch
from torch import nn

from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.attackers import (
    AbstractAttacker,
    Apgd,
    ApgdTargeted,
    Batch,
    OnePixel,
    Pgd,
    Square,
)
from evonas.evaluation.attacks.level import run_level
from evonas.evaluation.attacks.suite import (
    LEVEL_1,
    LEVEL_2,
    ONE_PIXEL,
    NamedAttack,
    run_attack,
    worst_case,
)
from evonas.evaluation.data.images import Images, SearchData
from tests.evaluation.attacks.quick_attacks import EPSILON, NAMES, QUICK


def test_attack_levels_match_the_documentation() -> None:
    assert [(a.name, a.attacker) for a in LEVEL_1] == [
        ("apgd-dlr-20", Apgd(20, "dlr")),
        ("square-500", Square(500)),
    ]
    assert [(a.name, a.attacker) for a in LEVEL_2] == [
        ("apgd-ce-100", Apgd(100, "ce_scaled")),
        ("apgd-dlr-100", Apgd(100, "dlr")),
        ("apgd-t-100x2", ApgdTargeted(100, 9, 2)),
        ("pgd-40x5", Pgd(40, 5, "ce")),
        ("square-5000", Square(5000)),
    ]
    assert [a.attacker for a in ONE_PIXEL] == [OnePixel(pixels, 400, 100) for pixels in (1, 3, 5)]
    assert {a.norm for a in ONE_PIXEL} == {"l0"}
    assert {a.norm for a in (*LEVEL_1, *LEVEL_2)} == {"linf"}
    assert [a.name for a in (*LEVEL_1, *LEVEL_2) if a.is_black_box] == [
        "square-500", "square-5000",
    ]  # fmt: skip


class Fixed(AbstractAttacker):
    """An attack that always wins, or never."""

    def __init__(self, *, wins: bool) -> None:
        self.wins = wins

    def num_numbers(self, shape: tuple[int, int, int]) -> int:  # noqa: ARG002
        """None."""
        return 0

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Report ``wins`` for every image, also for those that were wrong before."""
        correct = network(batch.images).argmax(1) == batch.labels
        robust = torch.full_like(correct, not self.wins)
        return AttackResult(batch.images, robust, correct, torch.ones_like(correct))


def test_always_winning_attack_leaves_zero_and_never_winning_clean(
    trained: nn.Module, images: Images
) -> None:
    labels = torch.where(torch.arange(40) % 4 == 0, (images.labels + 1) % 10, images.labels)
    images = Images(images.pixels, labels)
    always, never = (NamedAttack(f"{w}", Fixed(wins=w)) for w in (True, False))
    for attacks, left in (((never,), "clean"), ((never, always), 0.0), ((always, never), 0.0)):
        results = [run_attack(trained, images, a, epsilon=EPSILON, seed=0) for a in attacks]
        expected = results[0].correct.float().mean().item() if left == "clean" else left
        assert worst_case(results).float().mean().item() == expected
        level = run_level(trained, images, attacks, epsilon=EPSILON, seed=0)
        assert level.value == expected
        assert level.clean == results[0].correct.float().mean().item()


def test_worst_case_is_taken_per_image() -> None:
    def result(robust: list[int], correct: list[int]) -> AttackResult:
        masks = torch.tensor(robust).bool(), torch.tensor(correct).bool()
        return AttackResult(torch.zeros(4, 1, 1, 1), *masks, masks[1])

    results = [result([1, 1, 0, 1], [1, 1, 1, 0]), result([1, 0, 1, 1], [1, 1, 1, 0])]
    assert worst_case(results).tolist() == [True, False, False, False]
    assert worst_case(results[:1]).tolist() == [True, True, False, False]


def test_level_attacking_only_survivors_equals_worst_case_of_all(
    trained: nn.Module, images: Images
) -> None:
    attacks = QUICK[:6]
    results = [run_attack(trained, images, a, epsilon=EPSILON, seed=3) for a in attacks]
    seen: list[str] = []
    began = time.perf_counter()
    level = run_level(
        trained, images, attacks, epsilon=EPSILON, seed=3, batch_size=16,
        on_attack=lambda attack: seen.append(attack.name),
    )  # fmt: skip
    elapsed = time.perf_counter() - began
    assert min(level.seconds.values()) > 0
    assert sum(level.seconds.values()) <= elapsed
    assert level.robust.equal(worst_case(results))
    assert seen == list(level.after) == list(level.seconds) == NAMES[:6]
    for i, share in enumerate(level.after.values()):
        expected = worst_case(results[: i + 1]).float().mean().item()
        assert share == pytest.approx(expected)
    assert 0 < level.value < level.after["fgsm"] < level.clean
    assert level.notes == {}


def test_level_accepts_no_correct_images(trained: nn.Module, images: Images) -> None:
    wrong = Images(images.pixels, (images.labels + 1) % 10)
    level = run_level(trained, wrong, QUICK[:3], epsilon=0.5, seed=0)
    assert level.value == 0
    assert set(level.after.values()) == {0.0}


def test_note_on_few_classes_is_in_result_and_level(images: Images) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    with torch.no_grad():
        two = Images(images.pixels, network(images.pixels / 255).argmax(1))
    note = "dlr needs 3 classes, there are 2: ce_scaled instead"
    assert run_attack(network, two, QUICK[3], epsilon=EPSILON, seed=0, batch_size=3).note == note
    level = run_level(network, two, (QUICK[0], QUICK[3]), epsilon=1e-6, seed=0)
    assert level.notes == {"apgd": note}


class Lottery(AbstractAttacker):
    """An attack that wins where an image's number is low."""

    def num_numbers(self, shape: tuple[int, int, int]) -> int:  # noqa: ARG002
        """One."""
        return 1

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:  # noqa: ARG002
        """Look only at the random number."""
        right = torch.ones(len(batch.labels), dtype=torch.bool)
        return AttackResult(batch.images, batch.numbers[:, 0] > 0.5, right, right)


def test_survivors_keep_their_own_random_numbers_in_later_attacks(
    trained: nn.Module, digits: SearchData
) -> None:
    attacks = [NamedAttack(name, Lottery()) for name in ("one", "two", "three")]
    images = digits.validation
    results = [run_attack(trained, images, a, epsilon=EPSILON, seed=0) for a in attacks]
    level = run_level(trained, images, attacks, epsilon=EPSILON, seed=0, batch_size=50)
    assert level.robust.equal(worst_case(results))
    assert 0.08 < level.value < 0.17  # an eighth of 360 or more, within three standard errors
