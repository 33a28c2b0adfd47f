"""How much a training learned; oracles: constant answers, right answers, and what lies between."""

from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.data.images import Images
from evonas.evaluation.evaluation_builder import EvaluationBuilder
from evonas.evaluation.objectives import Subject
from evonas.evaluation.protocol import Protocol

LABELS = torch.tensor([0] * 700 + [1] * 200 + [2] * 100)


class Answers(nn.Module):
    """Gives the answers that the pixels hold."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.one_hot((images[:, 0, 0, 0] * 255).round().long(), 3).float()


def learned(answers: Tensor, protocol: Protocol) -> float | None:
    images = Images(answers.to(torch.uint8).view(-1, 1, 1, 1), LABELS)
    network: Any = Answers()
    subject = Subject(network, images, images, Fraction(0), 0, (1, 1, 1))
    record = EvaluationBuilder(protocol, "key", "genome", seed=0)
    record.measure_learned(subject)
    return record.evaluation(seconds=0.0).learned


def test_always_answering_the_most_frequent_class_learned_nothing(protocol: Protocol) -> None:
    """Although it is right on 70 % of the images, far above 1 / classes."""
    assert learned(torch.zeros_like(LABELS), protocol) == 0.0
    assert learned(torch.ones_like(LABELS), protocol) == 0.0


def test_learned_rises_from_the_most_frequent_class_to_one(protocol: Protocol) -> None:
    half = LABELS.clone()
    half[::2] *= LABELS[::2] == 0  # every second image of the other classes is taken for class 0
    assert learned(LABELS, protocol) == 1.0
    assert learned(half, protocol) == pytest.approx(0.5)
