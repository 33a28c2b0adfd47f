"""Oracles: torch.optim.SGD, group by group and step by step; momenta of the plain descent."""

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.training.descent import Descent
from evonas.evaluation.training.flat_descent import FlatDescent

SHAPES = ((3, 2, 3, 3), (3,), (4, 3), (5, 1, 3, 3), (17,), (2, 4, 1, 1))
MAIN = {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
OWN = {"lr": 0.03, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def gradients(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1 + step)
    drawn = [torch.randn(shape, generator=generator) for shape in SHAPES]
    # alternately channels-last, as convolutions give them, and contiguous
    return [g.contiguous(memory_format=torch.channels_last) if g.dim() == 4 and step % 2 else g
            for g in drawn]  # fmt: skip


@pytest.mark.parametrize("without", [(), (1,), (0, 3), (5,)])
def test_flat_descent_matches_torch_sgd_step_by_step(without: tuple[int, ...]) -> None:
    """One group has other hyperparameters, and some weights have no gradient."""
    mine, theirs = parameters(), parameters()
    descent = FlatDescent([{"params": mine[:4], **MAIN}, {"params": mine[4:], **OWN}])
    torchs = torch.optim.SGD([{"params": theirs[:4], **MAIN}, {"params": theirs[4:], **OWN}])
    for step, share in enumerate((1.0, 0.75, 0.5, 0.25)):
        for group, full in zip(torchs.param_groups, (MAIN, OWN), strict=True):
            group["lr"] = full["lr"] * share
        for both in (mine, theirs):
            for number, (p, gradient) in enumerate(zip(both, gradients(step), strict=True)):
                missing = number in without or (step == 2 and number == 2)
                p.grad = None if missing else gradient
        descent.step(share=torch.tensor(share))
        torchs.step()
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)


def test_parameters_share_storage_until_released() -> None:
    mine = parameters()
    descent = FlatDescent([{"params": mine, **MAIN}, {"params": [], **OWN}])
    assert len({p.untyped_storage().data_ptr() for p in mine}) == 1
    assert all(p.data_ptr() % 64 == mine[0].data_ptr() % 64 for p in mine)
    assert mine[0].is_contiguous(memory_format=torch.channels_last)
    for one, other in zip(mine, parameters(), strict=True):
        assert one.equal(other)
        one.grad = torch.ones_like(one)
    descent.release()
    assert len({p.untyped_storage().data_ptr() for p in mine}) == len(mine)
    for one, other in zip(mine, parameters(), strict=True):
        assert one.equal(other)
        assert one.is_contiguous()
        assert one.grad is None


def test_momenta_match_the_plain_descent() -> None:
    mine, theirs = parameters(), parameters()
    descents = [kind([{"params": of[:4], **MAIN}, {"params": of[4:], **OWN}])
                for kind, of in ((FlatDescent, mine), (Descent, theirs))]  # fmt: skip
    for of in (mine, theirs):
        for p, gradient in zip(of, gradients(0), strict=True):
            p.grad = gradient
    for descent in descents:
        descent.step(share=torch.tensor(1.0))
    for one, other in zip(*(descent.momenta for descent in descents), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
