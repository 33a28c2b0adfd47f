"""The optimiser; oracle: torch.optim.SGD, group by group and step by step."""

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.training.descent import Descent

SHAPES = ((3, 2, 3, 3), (3,), (4, 3), (5,))
MAIN = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
OWN = {"lr": 0.03, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def gradients(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1 + step)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


@pytest.mark.parametrize("without", [None, 1, 3])
def test_descent_matches_torch_sgd_step_by_step(without: int | None) -> None:
    """One group has other hyperparameters, and one weight may have no gradient."""
    mine, theirs = parameters(), parameters()
    descent = Descent([{"params": mine[:3], **MAIN}, {"params": mine[3:], **OWN}])
    torchs = torch.optim.SGD([{"params": theirs[:3], **MAIN}, {"params": theirs[3:], **OWN}])
    for step, share in enumerate((1.0, 0.75, 0.5, 0.25)):
        for group, full in zip(torchs.param_groups, (MAIN, OWN), strict=True):
            group["lr"] = full["lr"] * share
        for both in (mine, theirs):
            for number, (p, gradient) in enumerate(zip(both, gradients(step), strict=True)):
                p.grad = None if number == without else gradient
        descent.step(share=torch.tensor(share))
        torchs.step()
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)


def test_step_after_forget_gradients_changes_nothing() -> None:
    mine = parameters()
    descent = Descent([{"params": mine, **MAIN}, {"params": [], **OWN}])
    for p, gradient in zip(mine, gradients(0), strict=True):
        p.grad = gradient
    descent.forget_gradients()
    descent.step(share=torch.tensor(1.0))
    for one, other in zip(mine, parameters(), strict=True):
        assert one.grad is None
        assert one.equal(other)
