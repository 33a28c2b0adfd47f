"""Oracle: the reference in ATen, which test_separable compares with the rule layers."""

from typing import Any

import pytest
import torch

from evonas.rules.kernels.separable import reference, reference_backward

pytest.importorskip("triton", reason="the kernels are Triton's")
from evonas.rules.kernels.device import separable, separable_backward
from evonas.rules.kernels.device.moments import merge_moments

pytestmark = pytest.mark.kernels

CASES = {  # batch, C_in, C_out, height, width, kernel, stride, dilation, channels last, dtype
    "3x3": (2, 5, 3, 6, 7, 3, 1, 1, False, torch.float32),
    "5x5, stride 2, odd sizes": (2, 3, 20, 7, 5, 5, 2, 1, True, torch.float32),
    "3x3 dilated": (1, 17, 16, 6, 6, 3, 1, 2, True, torch.float32),
    "5x5 dilated, stride 2": (1, 4, 2, 9, 8, 5, 2, 2, False, torch.float32),
    "one pixel, one channel": (1, 1, 1, 1, 1, 3, 1, 1, True, torch.float32),
    "bfloat16": (2, 6, 6, 5, 5, 3, 1, 1, True, torch.bfloat16),
}


def on(device: torch.device, *values: Any) -> Any:
    return [value.to(device) if isinstance(value, torch.Tensor) else value for value in values]


@pytest.mark.parametrize("name", sorted(CASES))
def test_forward_and_backward_kernels_match_reference(
    name: str, device: torch.device, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (separable, separable_backward):
        monkeypatch.setattr(module, "MAX_PROGRAMS", 1)  # more tiles than programs
    batch, c_in, c_out, height, width, kernel, stride, dilation, last, dtype = CASES[name]
    padding = dilation * (kernel - 1) // 2

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    images = draw(batch, c_in, height, width).to(dtype)
    images[0, 0] = 0.0  # the kink of relu
    if last:
        images = images.contiguous(memory_format=torch.channels_last)
    weights = draw(c_in, 1, kernel, kernel), draw(c_out, c_in, 1, 1)
    weights[1][0, 0] = 0.0
    feedback = draw(c_in, 1, kernel, kernel), draw(c_out, c_in, 1, 1)
    geometry = stride, padding, dilation
    # float32: sums of some hundred terms; bfloat16: 2**-8, truncated by the interpreter
    rtol, atol = (1e-5, 3e-5) if dtype == torch.float32 else (0.02, 0.05)

    expected = reference(images, *weights, *feedback, *geometry)
    found = separable.forward(*on(device, images, *weights, *geometry))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert one.stride() == other.stride()
        torch.testing.assert_close(one.cpu(), other, rtol=rtol, atol=atol)

    received = draw(*expected[0].shape).to(dtype)
    for sends in (True, False):
        given = (received, images, weights[0], *feedback, *geometry, sends)
        wanted = reference_backward(*given)
        for one, other in zip(
            separable_backward.backward(*on(device, *given)), wanted, strict=True
        ):
            assert one.dtype == other.dtype
            assert one.stride() == other.stride()
            torch.testing.assert_close(one.cpu(), other, rtol=rtol, atol=atol)


def test_nan_input_reaches_outputs_and_mean(device: torch.device) -> None:
    """A diverged training must be detected."""
    images = torch.zeros(1, 1, 2, 2)
    images[0, 0, 1, 1] = float("nan")
    weights = torch.ones(1, 1, 1, 1, device=device)
    z, mean, _ = separable.forward(images.to(device), weights, weights, 1, 0, 1)
    assert z.isnan().flatten().tolist() == [False, False, False, True]
    assert mean.isnan().all()


def test_merged_moments_match_moments_of_whole(
    device: torch.device, generator: torch.Generator
) -> None:
    """Also for a mean much larger than the deviation, where a sum of squares would cancel."""
    values = torch.randn(19 * 7 - 3, 18, generator=generator) + 1000.0  # the last part is shorter
    parts = torch.stack(
        [
            torch.stack([part.mean(0), (part - part.mean(0)).square().sum(0)])
            for part in values.split(7)
        ]
    )
    mean, variance = merge_moments(parts.to(device), places=len(values), span=7)
    expected = torch.var_mean(values.double(), 0, correction=0)
    torch.testing.assert_close(mean.cpu(), expected[1].float(), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(variance.cpu(), expected[0].float(), rtol=1e-3, atol=0.0)
