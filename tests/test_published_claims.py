"""PEPITA, in the benchmark of published claims: one step unit by unit; it learns digits."""

import math

import pytest
import torch
from torch import Tensor

from benchmarks.support.claim_networks import AlongFeedback, Probabilities
from benchmarks.support.pepita import FEEDBACK_SHARE, Pepita, TwoLayers
from evonas.evaluation.data.images import unit_pixels
from evonas.evaluation.data.loading import load_search_data


def small(*, keep: float = 1.0) -> tuple[TwoLayers, Pepita, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    network = TwoLayers(4, 3, 2, generator=generator).double()
    pepita = Pepita(network, generator=generator, keep=keep)
    pepita.feedback = torch.randn(4, 2, generator=generator, dtype=torch.float64)
    images = torch.rand(5, 1, 2, 2, generator=generator, dtype=torch.float64)
    return network, pepita, images, torch.tensor([0, 1, 1, 0, 1])


def literal(
    network: TwoLayers, feedback: Tensor, images: Tensor, labels: Tensor
) -> tuple[list[list[float]], list[list[float]]]:
    """Both changes in Python's numbers, one image and one synapse at a time."""
    w1, w2 = network.hidden.weight.tolist(), network.readout.weight.tolist()
    f = feedback.tolist()
    change1 = [[0.0] * 4 for _ in range(3)]
    change2 = [[0.0] * 3 for _ in range(2)]

    def run(x: list[float], label: int) -> tuple[list[float], list[float]]:
        hidden = [max(0.0, sum(w * v for w, v in zip(row, x, strict=True))) for row in w1]
        logits = [sum(w * v for w, v in zip(row, hidden, strict=True)) for row in w2]
        total = sum(map(math.exp, logits))
        return hidden, [math.exp(z) / total - (c == label) for c, z in enumerate(logits)]

    for image, label in zip(images.flatten(1).tolist(), labels.tolist(), strict=True):
        hidden, error = run(image, label)
        seen = [x + sum(f[i][c] * error[c] for c in range(2)) for i, x in enumerate(image)]
        again, error_again = run(seen, label)
        for j in range(3):
            for i in range(4):
                change1[j][i] -= (hidden[j] - again[j]) * seen[i] / len(labels)
        for c in range(2):
            for j in range(3):
                change2[c][j] -= error_again[c] * again[j] / len(labels)
    return change1, change2


def test_pepita_step_matches_published_equations() -> None:
    network, pepita, images, labels = small()
    expected = literal(network, pepita.feedback, images, labels)
    for mine, theirs in zip(pepita.changes(images, labels), expected, strict=True):
        torch.testing.assert_close(mine, torch.tensor(theirs, dtype=torch.float64))


def test_pepita_momentum_accumulates_changes() -> None:
    network, pepita, images, labels = small()
    before = network.hidden.weight.detach().clone()
    first, _ = pepita.changes(images, labels)
    pepita.step(images, labels, learning_rate=0.1)
    second, _ = pepita.changes(images, labels)
    pepita.step(images, labels, learning_rate=0.1)
    expected = before + 0.1 * first + 0.9 * 0.1 * first + 0.1 * second
    torch.testing.assert_close(network.hidden.weight.detach(), expected)


def test_zero_feedback_leaves_hidden_layer_unchanged() -> None:
    _, pepita, images, labels = small(keep=0.5)
    pepita.feedback.zero_()
    hidden, readout = pepita.changes(images, labels)
    assert not hidden.any()  # the same units are dropped in both passes
    assert readout.any()


def test_pepita_feedback_is_bounded_by_share_of_he_bound() -> None:
    network = TwoLayers(24, 3, 2, generator=torch.Generator().manual_seed(0))
    pepita = Pepita(network, generator=torch.Generator().manual_seed(1))
    assert float(pepita.feedback.abs().max()) == pytest.approx(0.5 * FEEDBACK_SHARE, rel=0.05)


def test_pepita_beats_fixed_hidden_layer_on_digits() -> None:
    data = load_search_data("digits", seed=0, num_images=600)
    images, labels = unit_pixels(data.train.pixels), data.train.labels
    accuracy = []
    for share in (1.0, 0.0):
        network = TwoLayers(64, 48, 10, generator=torch.Generator().manual_seed(0))
        pepita = Pepita(network, generator=torch.Generator().manual_seed(1), keep=1.0)
        pepita.feedback *= share
        generator = torch.Generator().manual_seed(2)
        for _ in range(60):
            for index in torch.randperm(len(labels), generator=generator).split(50):
                pepita.step(images[index], labels[index], learning_rate=0.1)
        guesses = network(unit_pixels(data.validation.pixels)).argmax(1)
        accuracy.append(float((guesses == data.validation.labels).float().mean()))
    assert accuracy[0] > 0.93
    assert accuracy[0] > accuracy[1]


def test_attack_wrappers_keep_the_logits() -> None:
    network, pepita, images, _ = small()
    logits = network(images)
    led = AlongFeedback(network, pepita.feedback)
    torch.testing.assert_close(led(images), logits)
    torch.testing.assert_close(Probabilities(network)(images), logits.softmax(1))
    points = images.clone().requires_grad_()
    (sent,) = torch.autograd.grad(led(points)[:, 1].sum(), points)
    torch.testing.assert_close(sent.flatten(1), -pepita.feedback[:, 1].expand(5, 4))
