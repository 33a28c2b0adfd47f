"""The slope of the validation loss; oracle: finite differences of the losses in float64."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.supernet.hypergradient import Batch, validation_slope
from evonas.networks.supernet import Supernet
from evonas.networks.supernet_selection import select_mixture
from evonas.space import Space, load

RATE = 0.3
STEP = 1e-6
NUM_CLASSES = 3


def batch(seed: int) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(6, 1, 8, 8, generator=generator, dtype=torch.float64)
    return images, torch.randint(NUM_CLASSES, (6,), generator=generator)


def grow(space: Space) -> Supernet:
    return Supernet(
        space, input_shape=(1, 8, 8), num_classes=NUM_CLASSES, seed=2, learning_rate=RATE,
        dtype=torch.float64,
    )  # fmt: skip


def some_logits(space: Space) -> list[Tensor]:
    generator = torch.Generator().manual_seed(4)
    return [
        torch.randn(len(gene.choices), generator=generator, dtype=torch.float64)
        for gene in space.genes
    ]


def loss(supernet: Supernet, logits: Sequence[Tensor], of: Batch) -> Tensor:
    supernet.wiring.aim(of[1])
    selection = select_mixture(supernet.space, [each.softmax(0) for each in logits])
    return F.cross_entropy(supernet(of[0], selection), of[1])


def loss_after_a_step(
    supernet: Supernet, learned_by: Sequence[Tensor], judged_by: Sequence[Tensor]
) -> float:
    """Take the step explicitly, measure the loss, and restore the weights."""
    before = [parameter.detach().clone() for parameter in supernet.parameters()]
    supernet.zero_grad()
    loss(supernet, learned_by, batch(10)).backward()
    with torch.no_grad():
        for parameter in supernet.parameters():
            if parameter.grad is not None:
                parameter.sub_(RATE * parameter.grad)
        found = float(loss(supernet, judged_by, batch(11)))
        for parameter, value in zip(supernet.parameters(), before, strict=True):
            parameter.copy_(value)
    return found


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("tiny", ("fa", "usf", "kp", "brsf")),
        ("tiny", ("bp", "dfa", "hebb", "local")),
        ("nas-bench-201", ("sdfa", "dfa")),
    ],
)
def test_validation_slope_matches_finite_differences(name: str, rules: tuple[str, ...]) -> None:
    space = load(name).resized(channels=4, cells=1).with_rules(rules)
    supernet, logits = grow(space), some_logits(space)
    weights = [parameter.detach().clone() for parameter in supernet.parameters()]
    slopes = validation_slope(
        supernet, logits, train=batch(10), validation=batch(11), learning_rate=RATE
    )
    for parameter, value in zip(supernet.parameters(), weights, strict=True):
        assert torch.equal(parameter, value)
        assert parameter.grad is None
    generator = torch.Generator().manual_seed(6)
    for kind in ("operation", "inputs", "rule"):
        genes = [number for number, gene in enumerate(space.genes) if gene.kind == kind]
        if not genes:
            continue
        along = [
            torch.randn(each.shape, generator=generator, dtype=torch.float64) * (number in genes)
            for number, each in enumerate(logits)
        ]
        ahead = [each + STEP * way for each, way in zip(logits, along, strict=True)]
        behind = [each - STEP * way for each, way in zip(logits, along, strict=True)]
        if kind == "rule":  # the forward pass does not depend on them
            high = loss_after_a_step(supernet, ahead, logits)
            low = loss_after_a_step(supernet, behind, logits)
        else:  # first order: the step does not depend on them
            high = loss_after_a_step(supernet, logits, ahead)
            low = loss_after_a_step(supernet, logits, behind)
        expected = (high - low) / (2 * STEP)
        found = sum(float((s * way).sum()) for s, way in zip(slopes, along, strict=True))
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-7), kind
        assert abs(expected) > 1e-6, kind  # the slope is not trivially zero


def test_slope_of_a_single_rule_is_zero() -> None:
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa",))
    slopes = validation_slope(
        grow(space), some_logits(space), train=batch(10), validation=batch(11), learning_rate=RATE
    )
    by_kind = {
        kind: [
            float(s.abs().max())
            for s, g in zip(slopes, space.genes, strict=True)
            if g.kind == kind
        ]
        for kind in ("rule", "operation")
    }
    assert max(by_kind["rule"]) == pytest.approx(0.0, abs=1e-12)
    assert max(by_kind["operation"]) > 1e-4
