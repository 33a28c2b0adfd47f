"""Oracles: the spread of the layers; the signal of the rule; torch's checks of an operator."""

import pytest
import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules import RULES, RuleConv2d, RuleLinear, connect
from evonas.rules.kernels import Receiver, project, projection_table
from evonas.rules.kernels.projection import spread_op

GEOMETRIES = [  # kernel, stride, padding, dilation
    (1, 1, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1), (5, 2, 4, 2), (3, 1, 2, 2),
    (1, 2, 0, 1), (3, 3, 0, 1), (2, 2, 0, 1),
]  # fmt: skip
SIZE = (7, 10)


def receivers(generator: torch.Generator) -> tuple[list[Receiver], list[Tensor]]:
    """One layer per geometry and a linear one, and the signal there for a unit of each error."""
    found, units = [], []
    for kernel, stride, padding, dilation in GEOMETRIES:
        layer = RuleConv2d(4, 6, kernel, stride, padding, dilation, rule=RULES["dfa"]())
        weight = torch.randn(3, 4, kernel, kernel, generator=generator)
        found.append(Receiver(weight, SIZE, stride, padding, dilation, scale=0.5))
        units.append(0.5 * layer.spread(weight, input_shape=torch.Size([1, 4, *SIZE])))
    weight = torch.randn(3, 11, generator=generator)
    found.append(Receiver(weight))
    units.append(RuleLinear(11, 2, rule=RULES["dfa"]()).spread(weight, input_shape=torch.Size([])))
    return found, units


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("where", ["reference", pytest.param("kernel", marks=pytest.mark.kernels)])
def test_projected_signal_matches_spread_of_each_layer(
    where: str, channels_last: bool, dtype: torch.dtype, device: torch.device,
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    found, units = receivers(generator)
    error = torch.randn(2, 3, generator=generator)
    place = torch.device("cpu")
    if where == "kernel":
        pytest.importorskip("triton", reason="the kernels are Triton's")
        from evonas.rules.kernels.device.projection import spread

        monkeypatch.setattr("evonas.rules.kernels.projection.spread_op", spread)
        place = device
    moved = [Receiver(**{**vars(r), "kernel": r.kernel.to(place)}) for r in found]
    tables = projection_table(moved, batch=2, channels_last=channels_last)
    sent = project(error.to(place), tables, dtype=dtype)
    for signal, unit in zip(sent, units, strict=True):
        expected = torch.einsum("be,e...->b...", error, unit).view(signal.shape)
        assert signal.dtype == dtype
        last = torch.channels_last if channels_last else torch.contiguous_format
        assert signal.is_contiguous(memory_format=last)
        # bfloat16: the interpreter truncates where ATen rounds
        tolerance = 1e-5 if dtype == torch.float32 else 2**-7
        torch.testing.assert_close(signal.cpu().float(), expected, rtol=tolerance, atol=1e-5)


def test_projected_signal_equals_dfa_input_gradient() -> None:
    layer = RuleConv2d(2, 5, 3, padding=1, rule=RULES["dfa"]())
    wiring = connect(layer, seed=4)
    images = torch.randn(3, 2, 6, 6, requires_grad=True)
    logits = wiring.watch(layer(images).mean((2, 3)))
    logits.logsumexp(1).sum().backward()
    error = logits.detach().softmax(1)  # the derivative of that loss
    kernel = layer.feedback()
    tables = projection_table([Receiver(kernel, (6, 6), padding=1, scale=1 / 36)], batch=3)
    torch.testing.assert_close(project(error, tables)[0], images.grad)


def test_3x3_kernel_has_nine_pixel_classes() -> None:
    kernel = torch.ones(10, 4, 3, 3)
    table = projection_table([Receiver(kernel, (8, 8), padding=1)], batch=1)
    assert table.matrix.shape == (10, 4 * 9)


def test_operator_passes_torch_opcheck(generator: torch.Generator) -> None:
    tables = projection_table(receivers(generator)[0], batch=2, channels_last=True)
    total = sum(n * c * h * w for n, c, h, w in tables.shapes)
    sums = torch.randn(2, tables.matrix.shape[1])
    torch.library.opcheck(
        spread_op,
        (sums, tables.layers, tables.pixels, tables.blocks, total, True, torch.bfloat16),
    )


def test_mismatched_shapes_are_rejected() -> None:
    with pytest.raises(RuleError, match="one or more layers"):
        projection_table([Receiver(torch.ones(2, 3)), Receiver(torch.ones(4, 3))], batch=1)
    with pytest.raises(RuleError, match=r"an error \(batch, classes\) of \(1, 2\), got \(2, 2\)"):
        project(torch.ones(2, 2), projection_table([Receiver(torch.ones(2, 3))], batch=1))
