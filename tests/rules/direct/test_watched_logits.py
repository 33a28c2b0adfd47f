"""The error that reaches a layer: that of the logits watched in the same forward pass, or none.

Oracles: each loss or forward pass alone; layers without a checkpoint; the promised messages.
"""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from evonas.errors import RuleError
from evonas.rules import (
    Backprop,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    connect,
)
from tests.rules.direct.connected_layer import connected


def test_missing_watched_logits_raise_with_hint() -> None:
    layer, _ = connected(kernel_size=3)
    outputs = layer(torch.zeros(1, 4, 5, 5, dtype=torch.float64, requires_grad=True))
    with pytest.raises(RuleError, match=r"call `logits = wiring.watch\(logits\)`"):
        outputs.sum().backward()


def test_old_error_is_never_reused() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.zeros(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    wiring.watch(layer(x).mean((2, 3))).sum().backward()
    unwatched = layer(x)
    with pytest.raises(RuleError, match="none has arrived"):
        unwatched.sum().backward()


@pytest.mark.parametrize("has_kernels", [False, True])
def test_second_loss_of_kept_graph_sends_its_own_error(has_kernels: bool) -> None:
    first, second = (RuleLinear(4, 4, rule=DirectFeedbackAlignment()) for _ in range(2))
    wiring = connect(nn.ModuleList([first, second]), seed=0)
    if has_kernels:
        wiring.to_tensors("cpu", has_kernels=True)
    x = torch.ones(2, 4)
    logits = wiring.watch(second(first(x)))
    kept = [
        torch.autograd.grad(logits[:, i].sum(), first.weight, retain_graph=True)[0]
        for i in range(2)
    ]
    for i, found in enumerate(kept):
        alone = wiring.watch(second(first(x)))[:, i].sum()
        assert found.equal(torch.autograd.grad(alone, first.weight)[0])
    assert not kept[0].equal(kept[1])


def test_two_forward_passes_in_one_backward_keep_errors_apart(
    generator: torch.Generator,
) -> None:
    layer, wiring = connected(kernel_size=3)
    images = torch.randn(2, 2, 4, 5, 5, dtype=torch.float64, generator=generator)

    def loss(x: Tensor) -> Tensor:
        return wiring.watch(layer(x).mean((2, 3))).square().sum()

    apart = [x.clone().requires_grad_() for x in images]
    for x in apart:
        loss(x).backward()
    together = [x.clone().requires_grad_() for x in images]
    (loss(together[0]) + loss(together[1])).backward()
    for mine, theirs in zip(apart, together, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert torch.equal(mine.grad, theirs.grad)


def test_nonreentrant_checkpoint_keeps_error_and_reentrant_one_raises() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.ones(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    signals = []
    for is_checkpointed in (False, True):
        outputs = checkpoint(layer, x, use_reentrant=False) if is_checkpointed else layer(x)
        logits = wiring.watch(outputs.mean((2, 3)))
        signals.append(torch.autograd.grad(logits.square().sum(), x)[0])
    assert torch.equal(*signals)
    logits = wiring.watch(checkpoint(layer, x, use_reentrant=True).mean((2, 3)))
    with pytest.raises(RuleError, match="none has arrived"):
        logits.sum().backward()


def test_second_forward_pass_before_watching_first_is_rejected() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.ones(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    first, second = layer(x).mean((2, 3)), layer(2 * x).mean((2, 3))
    wiring.watch(first)
    with pytest.raises(RuleError, match="watch the logits of each forward pass before the next"):
        wiring.watch(second)
    wiring.watch(layer(x).mean((2, 3))).sum().backward()


def test_layer_used_twice_gets_error_in_both_uses() -> None:
    layer = RuleLinear(3, 3, bias=False, rule=DirectFeedbackAlignment(norm="none")).double()
    wiring = connect(layer, seed=0)
    for _ in range(2):
        x = torch.eye(3, dtype=torch.float64, requires_grad=True)
        wiring.watch(layer(layer(x))).sum().backward()
        expected = torch.ones(3, 3, dtype=torch.float64) @ layer.feedback()
        assert x.grad is not None
        assert torch.allclose(x.grad, expected, rtol=0, atol=1e-12)


def test_feedback_before_first_logits_is_rejected() -> None:
    layer, _ = connected(kernel_size=3)
    with pytest.raises(RuleError, match="learns the number of classes from the logits"):
        layer.feedback()


@pytest.mark.parametrize("has_kernels", [False, True])
def test_logits_of_wrong_batch_size_are_rejected(has_kernels: bool) -> None:
    layer, wiring = connected(kernel_size=3)
    layer.float()  # kernels do not support float64
    wiring.to_tensors("cpu", has_kernels=has_kernels)
    x = torch.zeros(2, 4, 5, 5, requires_grad=True)
    logits = wiring.watch(layer(x).mean().expand(3, 5) * 1.0)
    with pytest.raises(RuleError, match=r"layer's batch of 2, got \(3, 5\)"):
        logits.sum().backward()


class WithAuxiliaryHead(nn.Module):
    """A trunk and two heads, all but the first layer and the classifiers under DFA."""

    def __init__(self) -> None:
        super().__init__()
        dfa = DirectFeedbackAlignment()
        self.stem = RuleConv2d(2, 3, 3, rule=Backprop())
        self.body = RuleConv2d(3, 3, 3, rule=dfa)
        self.classifier = RuleLinear(3, 4, rule=FeedbackAlignment())
        self.auxiliary = nn.Sequential(
            RuleConv2d(3, 3, 3, rule=dfa), RuleConv2d(3, 4, 1, rule=dfa)
        )
        self.double()
        self.wiring = connect(self, seed=0)
        self.auxiliary_wiring = connect(self.auxiliary, seed=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and auxiliary logits."""
        hidden = torch.tanh(self.stem(images))
        auxiliary = self.auxiliary_wiring.watch(self.auxiliary(hidden).mean((2, 3)))
        return self.wiring.watch(self.classifier(self.body(hidden).mean((2, 3)))), auxiliary


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_auxiliary_head_sends_error_of_its_own_loss(
    order: tuple[int, int], generator: torch.Generator
) -> None:
    network = WithAuxiliaryHead()
    images = torch.randn(2, 2, 8, 8, dtype=torch.float64, generator=generator)

    def stem_gradient(weights: tuple[float, float]) -> Tensor:
        losses = [
            weight * out.square().sum()
            for weight, out in zip(weights, network(images), strict=True)
        ]
        (found,) = torch.autograd.grad(sum(losses[i] for i in order), network.stem.weight)
        return found

    both = stem_gradient((1.0, 0.3))
    apart = stem_gradient((1.0, 0.0)) + stem_gradient((0.0, 0.3))
    assert torch.allclose(both, apart, rtol=0, atol=1e-12)
    assert stem_gradient((0.0, 0.3)).norm() > 0
