"""No attack makes the host wait for the device, so that one can be captured as a CUDA graph."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES
from evonas.evaluation.attacks.attackers import (
    AbstractAttacker,
    Apgd,
    ApgdTargeted,
    Batch,
    Fgsm,
    OnePixel,
    Pgd,
    Square,
    Tpgd,
    Transfer,
)
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient.fgsm import fgsm
from evonas.evaluation.attacks.gradient.pgd import pgd
from evonas.evaluation.attacks.random_numbers import uniform_rows

EPSILON = 0.1


def uniform(images: Tensor, *, seed: int = 5) -> Tensor:
    return torch.rand(images.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


class NoReadback(TorchDispatchMode):
    """Fails on every operation whose result the host must wait for."""

    forbidden = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "unique")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_seen = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        self.num_seen += 1
        assert name not in self.forbidden, name
        if name in ("index", "index_put_", "_index_put_impl_"):
            masks = [i for i in args[1] if i is not None and i.dtype == torch.bool]
            assert not masks, "indexed by a boolean mask"
        return func(*args, **(kwargs or {}))


def test_readback_trap_catches_readbacks() -> None:
    with NoReadback(), pytest.raises(AssertionError, match="_local_scalar_dense"):
        torch.ones(1).item()
    with NoReadback(), pytest.raises(AssertionError, match="boolean mask"):
        torch.ones(2)[torch.tensor([True, False])]


@pytest.mark.parametrize("loss", sorted(ATTACK_LOSSES))
def test_gradient_attacks_read_nothing_back_for_any_loss(
    trained: nn.Module, batch: tuple[Tensor, Tensor], loss: str
) -> None:
    images, labels = batch
    noise = uniform(images)
    with NoReadback() as trap:
        apgd(trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=20, loss=loss)
        pgd(trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=5, loss=loss)
        fgsm(trained, images, labels, epsilon=EPSILON, loss=loss)
    assert trap.num_seen > 26  # at least one operation per step


ATTACKERS = (
    Fgsm(),
    Pgd(num_steps=3, num_restarts=2),
    Tpgd(num_steps=3),
    Apgd(num_steps=20, loss="dlr"),
    ApgdTargeted(num_steps=5, num_targets=2),
    Square(num_queries=20),
    OnePixel(num_pixels=3, population=8, num_generations=3),
)


def test_attacker_list_covers_every_attack_but_transfer() -> None:
    known = {
        attacker
        for attacker in AbstractAttacker.__subclasses__()
        if attacker.__module__ == AbstractAttacker.__module__  # other tests define subclasses
    }
    assert {type(attacker) for attacker in ATTACKERS} == known - {Transfer}


@pytest.mark.parametrize("attacker", [*ATTACKERS, Transfer(nn.Flatten(), Fgsm())], ids=repr)
def test_attackers_read_nothing_back(
    trained: nn.Module, batch: tuple[Tensor, Tensor], attacker: AbstractAttacker
) -> None:
    images, labels = batch[0][:8], batch[1][:8]
    if isinstance(attacker, Transfer):
        attacker = Transfer(copy.deepcopy(trained), attacker.attacker)
    count = attacker.num_numbers((1, 8, 8))
    numbers = uniform_rows(range(8), count, seed=0, name="any")
    with NoReadback() as trap:
        attacker.attack(trained, Batch(images, labels, numbers, EPSILON))
    assert trap.num_seen > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_attack_captured_as_cuda_graph_equals_eager_attack(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    network = copy.deepcopy(trained).cuda().requires_grad_(False)
    images, labels, noise = (t.cuda() for t in (*batch, uniform(batch[0])))

    def attack() -> Tensor:
        result = apgd(network, images, labels, epsilon=EPSILON, noise=noise, num_steps=10)
        return result.robust

    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            expected = attack()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        robust = attack()
    robust.zero_()
    graph.replay()
    torch.cuda.synchronize()
    assert robust.equal(expected)
    assert 0 < int(robust.sum()) < len(labels)
