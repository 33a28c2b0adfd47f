"""Oracle: the reference in ATen, which test_node compares with torch's batch normalisation."""

from typing import Any

import pytest
import torch
from torch import Tensor

from evonas.rules.kernels.node import reference, reference_backward

pytest.importorskip("triton", reason="the kernels are Triton's")
from evonas.rules.kernels.device import node_backward
from evonas.rules.kernels.device.node import forward as node_forward

pytestmark = pytest.mark.kernels

FORMATS = {"rows": torch.contiguous_format, "last": torch.channels_last}


def close(found: Any, expected: Any, dtype: torch.dtype) -> None:
    # bfloat16: 2**-8 of rounding, and the interpreter truncates where ATen rounds
    tolerance = 1e-5 if dtype == torch.float32 else 2**-6
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.stride() == other.stride()
        torch.testing.assert_close(one.cpu(), other, rtol=tolerance, atol=4 * tolerance)


def on(device: torch.device, value: Any) -> Any:
    if isinstance(value, list):
        return [on(device, entry) for entry in value]
    return value.to(device) if isinstance(value, Tensor) else value


@pytest.mark.parametrize("kind", sorted(FORMATS))
@pytest.mark.parametrize(
    ("shape", "count", "plain", "dtype"),
    [
        ((2, 5, 13, 13), 2, 1, torch.float32),  # neither axis fills its tiles
        ((3, 16, 8, 8), 1, 0, torch.bfloat16),
        ((1, 1, 1, 1), 3, 0, torch.float32),
        ((2, 3, 5, 4), 0, 2, torch.float32),
    ],
)
def test_forward_and_backward_kernels_match_reference(
    shape: tuple[int, ...], count: int, plain: int, dtype: torch.dtype, kind: str,
    device: torch.device, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(node_backward, "MAX_PROGRAMS", 2)  # more tiles than programs

    def image() -> Tensor:
        drawn = torch.randn(shape, generator=generator).to(dtype)
        return drawn.contiguous(memory_format=FORMATS[kind])

    def channels() -> Tensor:
        return torch.rand(shape[1], generator=generator) + 0.5

    raws, plains = [image() for _ in range(count)], [image() for _ in range(plain)]
    means, variances, scales, shifts = ([channels() for _ in raws] for _ in range(4))
    forward: Any = (raws, means, variances, scales, shifts, plains, 1e-3)
    node, active = reference(*forward, True, True)
    close(node_forward(*on(device, [*forward, True])), (node, active), dtype)
    close(node_forward(*on(device, [*forward, False])), reference(*forward, True, False), dtype)
    node[0, 0] = 0.0  # the kink of relu
    for training in (True, False):
        for received in ((image(), image()), (image(), None), (None, image())):
            backward = [*received, node, raws, means, variances, scales, 1e-3, training]
            close(
                node_backward.backward(*on(device, backward)),
                reference_backward(*backward),
                dtype,
            )
