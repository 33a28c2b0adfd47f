"""Oracles: torch's batch normalisation and autograd in float64; torch's checks of an operator."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels import join
from evonas.rules.kernels.node import join_op

SHAPE = (3, 5, 4, 3)


def terms(
    count: int, *, plain: int, generator: torch.Generator, dtype: torch.dtype = torch.float64,
    channels_last: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Random arguments of the operator, with the true statistics of the raw inputs."""

    def image() -> Tensor:
        drawn = torch.randn(SHAPE, generator=generator, dtype=dtype) * 2.0 + 1.0
        last = torch.channels_last if channels_last else torch.contiguous_format
        return drawn.contiguous(memory_format=last).requires_grad_()

    def channels() -> Tensor:
        return torch.randn(SHAPE[1], generator=generator, dtype=dtype).requires_grad_()

    raws = [image() for _ in range(count)]
    statistics = [torch.var_mean(z.detach(), (0, 2, 3), correction=0) for z in raws]
    return {
        "raws": raws,
        "means": [mean for _, mean in statistics],
        "variances": [variance for variance, _ in statistics],
        "scales": [channels() for _ in raws],
        "shifts": [channels() for _ in raws],
        "plains": [image() for _ in range(plain)],
    }


def leaves(given: dict[str, Any]) -> list[Tensor]:
    return [*given["raws"], *given["scales"], *given["shifts"], *given["plains"]]


def as_torch(given: dict[str, Any], *, training: bool) -> Tensor:
    normalised = [
        F.batch_norm(z, mean.clone(), variance.clone(), scale, shift, training=training, eps=1e-5)
        for z, mean, variance, scale, shift in zip(
            *(given[name] for name in ("raws", "means", "variances", "scales", "shifts")),
            strict=True,
        )
    ]
    return torch.stack([*normalised, *given["plains"]]).sum(0)


@pytest.mark.parametrize("used", ["node", "active", "both"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("count", "plain"), [(1, 0), (2, 1), (0, 2), (4, 0)])
@pytest.mark.parametrize("channels_last", [True, False])
def test_node_and_gradients_match_torch_batch_norm(
    count: int, plain: int, training: bool, used: str, channels_last: bool,
    generator: torch.Generator,
) -> None:  # fmt: skip
    given = terms(count, plain=plain, generator=generator, channels_last=channels_last)
    if not training:
        given["means"] = [mean + 0.5 for mean in given["means"]]
    expected = as_torch(given, training=training)
    node, active = join(**given, training=training, with_active=True)
    torch.testing.assert_close(node, expected, rtol=1e-10, atol=1e-10)
    assert torch.equal(active, node.relu())
    weights = [torch.randn(SHAPE, generator=generator, dtype=torch.float64) for _ in range(2)]

    def loss(value: Tensor, positive: Tensor) -> Tensor:
        parts = {"node": (value * weights[0]).sum(), "active": (positive * weights[1]).sum()}
        return sum(parts.values()) if used == "both" else parts[used]  # type: ignore[return-value]

    found = torch.autograd.grad(loss(node, active), leaves(given))
    wanted = torch.autograd.grad(loss(expected, expected.relu()), leaves(given))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # raised by opcheck itself
@pytest.mark.parametrize("with_active", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_operator_passes_torch_opcheck(
    dtype: torch.dtype, with_active: bool, generator: torch.Generator
) -> None:
    given = terms(2, plain=1, generator=generator, dtype=dtype, channels_last=True)
    arguments: Any = (*given.values(), 1e-5, True, with_active)
    torch.library.opcheck(join_op, arguments, rtol=1e-3, atol=1e-3)


def test_wrong_shapes_and_lengths_are_rejected(generator: torch.Generator) -> None:
    given = terms(2, plain=0, generator=generator)
    with pytest.raises(RuleError, match=r"\[2, 2, 1, 2\] for 2"):
        join(**{**given, "scales": given["scales"][:1]})
    with pytest.raises(RuleError, match="expected tensors of one shape"):
        join(**{**given, "plains": [torch.ones(1, 5, 4, 3)]})
    with pytest.raises(RuleError, match=r"one shape \(batch, channels, height, width\), got \[\]"):
        join([], means=[], variances=[], scales=[], shifts=[])
