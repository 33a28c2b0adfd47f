"""Oracle of ``sdfa`` and ``drtp``: ``dfa`` with the error replaced by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules import (
    DirectFeedbackAlignment,
    DirectRandomTarget,
    RuleConv2d,
    RuleLinear,
    SignedDirectFeedback,
    connect,
    true_gradient,
)
from evonas.rules.error_bus import ErrorBus

LABELS = torch.tensor([2, 0, 4])


def sent_by(
    rule: DirectFeedbackAlignment, *, error: Tensor, targets: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Signal to a batch of images, and the kernel, for a given error of the logits."""
    torch.manual_seed(1)
    layer = RuleConv2d(4, 4, 3, stride=2, padding=1, groups=4, rule=rule).double()
    wiring = connect(layer, seed=3)
    if targets is not None:
        wiring.aim(targets)
    x = torch.randn(3, 4, 7, 8, dtype=torch.float64).requires_grad_()
    outputs = layer(x)
    logits = wiring.watch((outputs.sum() * 0.0).expand_as(error) + 0.0)
    ((logits * error).sum() + outputs.sum()).backward()
    assert x.grad is not None
    return x.grad, layer.feedback()


def some_error(generator: torch.Generator) -> Tensor:
    return torch.randn(3, 5, dtype=torch.float64, generator=generator)


def test_sdfa_equals_dfa_with_signs_of_error(generator: torch.Generator) -> None:
    error = some_error(generator)
    signs = torch.tensor([[(e > 0) - (e < 0) for e in row] for row in error.tolist()]).double()
    for centre, mean in ((False, 0.0), (True, signs.sum(0) / 3)):
        rule = SignedDirectFeedback(centre=centre)
        found, kernel = sent_by(rule, error=error)
        expected, same_kernel = sent_by(DirectFeedbackAlignment(), error=(signs - mean) / 3)
        assert torch.equal(kernel, same_kernel)
        assert torch.allclose(found, expected, rtol=0, atol=1e-14)
        assert torch.allclose(sent_by(rule, error=7 * error)[0], found)


def test_drtp_equals_dfa_with_negative_one_hot_labels(
    generator: torch.Generator,
) -> None:
    literal = torch.zeros(3, 5, dtype=torch.float64)
    for image, label in enumerate(LABELS.tolist()):
        literal[image, label] = -1.0
    for centre, mean in ((False, 0.0), (True, literal.sum(0) / 3)):
        rule = DirectRandomTarget(centre=centre)
        found, _ = sent_by(rule, error=some_error(generator), targets=LABELS)
        expected, _ = sent_by(DirectFeedbackAlignment(), error=(literal - mean) / 3)
        assert torch.allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kind", [SignedDirectFeedback, DirectRandomTarget])
def test_centred_signals_sum_to_zero_over_batch(
    kind: type[SignedDirectFeedback | DirectRandomTarget], generator: torch.Generator
) -> None:
    error = some_error(generator)
    centred, _ = sent_by(kind(), error=error, targets=LABELS)
    published, _ = sent_by(kind(centre=False), error=error, targets=LABELS)
    assert torch.allclose(centred.sum(0), torch.zeros_like(centred[0]), rtol=0, atol=1e-14)
    assert torch.allclose(centred, published - published.mean(0), rtol=0, atol=1e-14)


def test_centred_label_equals_initial_cross_entropy_error() -> None:
    """For equal logits and a batch with equally frequent classes."""
    labels = torch.arange(5)
    logits = torch.zeros(5, 5, requires_grad=True)
    F.cross_entropy(logits, labels).backward()
    bus = ErrorBus()
    assert logits.grad is not None
    bus.receive(logits.grad)
    bus.targets = labels
    assert torch.allclose(DirectRandomTarget().error(bus), logits.grad)


def test_drtp_accepts_mixed_and_one_hot_labels(
    generator: torch.Generator,
) -> None:
    error, one_hot = some_error(generator), F.one_hot(LABELS, 5).double()
    of_labels, _ = sent_by(DirectRandomTarget(), error=error, targets=LABELS)
    of_one_hot, _ = sent_by(DirectRandomTarget(), error=error, targets=one_hot)
    other, _ = sent_by(DirectRandomTarget(), error=error, targets=one_hot.flip(0))
    mixed, _ = sent_by(
        DirectRandomTarget(), error=error, targets=0.7 * one_hot + 0.3 * one_hot.flip(0)
    )
    assert torch.equal(of_labels, of_one_hot)
    assert torch.allclose(mixed, 0.7 * of_labels + 0.3 * other, rtol=0, atol=1e-14)


def test_cross_entropy_error_is_negative_only_for_the_label() -> None:
    """Frenkel's argument: only the labelled class has a negative error."""
    logits = torch.randn(3, 5, requires_grad=True)
    F.cross_entropy(logits, LABELS).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad < 0, F.one_hot(LABELS, 5).bool())


@pytest.mark.parametrize(
    "rule", [SignedDirectFeedback(norm="rms"), DirectRandomTarget(norm="rms")]
)
def test_norm_rms_does_not_depend_on_batch_size(
    rule: DirectFeedbackAlignment, generator: torch.Generator
) -> None:
    error = some_error(generator)
    found, _ = sent_by(rule, error=error, targets=LABELS)
    assert found.square().mean().item() == pytest.approx(1.0)  # the received gradient is all ones


def test_targets_last_one_forward_pass_and_missing_ones_raise() -> None:
    layer = RuleLinear(4, 4, rule=DirectRandomTarget())
    wiring = connect(layer, seed=0)
    x = torch.ones(2, 4, requires_grad=True)
    wiring.aim(torch.tensor([0, 1]))
    wiring.watch(layer(x)).sum().backward()
    with pytest.raises(RuleError, match=r"call `wiring.aim\(labels\)` before each forward pass"):
        wiring.watch(layer(x)).sum().backward()
    wiring.aim(torch.tensor([0, 1]))
    with true_gradient(layer):
        wiring.watch(layer(x)).sum().backward()
    with pytest.raises(RuleError, match="none were given"):
        wiring.watch(layer(x)).sum().backward()
