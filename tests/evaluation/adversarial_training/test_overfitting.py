"""Catastrophic overfitting: handwritten histories, unaugmented images, and records."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import CatastrophicOverfitting
from evonas.evaluation.adversarial_training import overfitting as module
from evonas.evaluation.adversarial_training.adversary import fgsm_adversary
from evonas.evaluation.adversarial_training.overfitting import (
    AttackedAccuracy,
    OverfittingMonitor,
    is_overfitted,
)
from evonas.evaluation.data.images import unit_pixels
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.training.augment import cut, frame, without_augmentation
from evonas.space import Space
from tests.small_run import changed_protocol


def history(*pairs: tuple[float, float]) -> list[AttackedAccuracy]:
    return [AttackedAccuracy(step, pgd) for step, pgd in pairs]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], False),
        ([(0.1, 0.1)], False),
        ([(0.5, 0.45), (0.7, 0.62)], False),  # still learning
        ([(0.5, 0.45), (0.9, 0.02)], True),  # Wong et al.: PGD falls to zero at once
        ([(0.5, 0.45), (0.9, 0.02), (0.6, 0.5)], False),  # recovered
        ([(0.6, 0.5), (0.62, 0.24)], True),
        ([(0.6, 0.5), (0.62, 0.26)], False),  # more than half of the accuracy remains
        ([(0.6, 0.5), (0.1, 0.1)], False),  # forgot everything
        ([(0.6, 0.5), (0.45, 0.2)], True),  # the gap grew by .15, and three errors are .133
        ([(0.6, 0.5), (0.4, 0.2)], False),
        ([(0.12, 0.1), (0.04, 0.03)], False),  # chance
    ],
)
def test_overfitting_is_a_pgd_drop_unseen_by_single_step(
    pairs: list[tuple[float, float]], expected: bool
) -> None:
    assert is_overfitted(history(*pairs), num_images=128) is expected


class OfTheMean(nn.Module):
    """Two classes by the mean of the pixels: the worst case shifts the mean by epsilon."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to logits (N, 2)."""
        mean = images.flatten(1).mean(1)
        return torch.stack([0.5 - mean, mean - 0.5], dim=1)


def test_monitor_measures_accuracy_and_restores_training_mode() -> None:
    """On a linear model PGD spares images further than epsilon from the decision boundary."""
    means = torch.tensor([0.52, 0.58, 0.62, 0.8, 0.9])
    pixels = means.view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    labels = torch.ones(5, dtype=torch.long)
    adversary = fgsm_adversary(epsilon=Fraction(1, 10))
    monitor = OverfittingMonitor(pixels, labels, adversary=adversary, seed=0)
    network = OfTheMean().train()
    monitor.check(network)
    monitor.check(network)
    assert network.training
    first, second = monitor.history
    assert first == second  # the same starts after every epoch
    assert first.pgd == 3 / 5
    assert first.step >= first.pgd
    monitor.history = history((0.0, 1.0))  # with any other pair the gap grows
    monitor._labels = torch.zeros(5, dtype=torch.long)
    with pytest.raises(
        CatastrophicOverfitting, match="in epoch 2 accuracy under PGD is 0% on 5 training images"
    ):
        monitor.check(network)


def test_monitored_images_are_not_augmented() -> None:
    data = load_search_data("digits", seed=0, num_images=20)
    index = torch.tensor([3, 0, 7])
    for padding, flip in ((0, False), (0, True), (2, True)):
        framed = frame(data.train, traits=replace(data.traits, crop_padding=padding, flip=flip))
        pixels, labels = cut(framed, without_augmentation(framed, index))
        assert torch.equal(pixels, unit_pixels(data.train.pixels[index]))
        assert torch.equal(labels, data.train.labels[index])


def test_staged_training_keeps_the_monitor_history(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a collapse right after an interruption would go unnoticed."""
    seen: list[list[AttackedAccuracy]] = []

    def spy(known: list[AttackedAccuracy], **_: object) -> bool:
        seen.append(list(known))
        return False

    monkeypatch.setattr(module, "is_overfitted", spy)
    genome = space.parse("|nor_conv_1x1~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|none~2|")
    one_step = changed_protocol(protocol, training_method="fgsm", epochs=2)
    _, checkpoint = evaluate(space, genome, protocol=one_step, stage=Stage(epochs=1))
    evaluate(space, genome, protocol=one_step, stage=Stage(epochs=2, checkpoint=checkpoint))
    first, in_stages = seen
    seen.clear()
    evaluate(space, genome, protocol=one_step)
    assert seen == [first, in_stages]
    assert len(in_stages) == 2


def test_overfitted_candidate_fails_without_objective_values(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_overfitted", lambda *_, **__: True)
    genome = space.parse("|nor_conv_1x1~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|none~2|")
    one_step = changed_protocol(protocol, training_method="fgsm")
    record, weights = evaluate(space, genome, protocol=one_step)
    assert record.failure is not None
    assert record.failure.startswith("overfitted: in epoch 1 ")
    assert "pgd-2 or more" in record.failure
    assert not {"acc", "robust"} & set(record.values)
    assert not record.contends
    assert weights == b""
    several = changed_protocol(protocol, training_method="pgd-2")  # is not monitored
    assert evaluate(space, genome, protocol=several)[0].failure is None
