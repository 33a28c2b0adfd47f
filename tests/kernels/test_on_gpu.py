"""Oracles on a CUDA device: the references in float64, at the sizes of a training step."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from evonas.rules.kernels import (
    FeedbackSegment,
    ParameterSegment,
    Receiver,
    convolve_separably,
    feedback_table,
    flat_sgd,
    join,
    node,
    parameter_table,
    project,
    projection_table,
    refresh_feedback,
    seed_tensor,
    separable,
    sgd_step,
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
# relative error of a whole tensor: rounding of float32 sums; eight bits of bfloat16
WITHIN = {torch.float32: 1e-5, torch.bfloat16: 2**-8}


def check(found: Sequence[Tensor], expected: Sequence[Tensor], dtype: torch.dtype) -> None:
    for one, other in zip(found, expected, strict=True):
        error = (one.double() - other.double()).norm() / other.double().norm()
        assert error <= WITHIN[dtype]


def images(channels: int, size: int, dtype: torch.dtype) -> Tensor:
    drawn = torch.randn(64, channels, size, size, device="cuda").to(dtype)
    return drawn.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", sorted(WITHIN, key=str))
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 1, 1), (5, 2, 1), (5, 1, 2)])
@pytest.mark.parametrize("channels", [16, 32, 36, 64, 72, 144, 256, 300])
def test_separable_half_matches_float64_reference(
    channels: int, kernel: int, stride: int, dilation: int, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    x = images(channels, 16, dtype).requires_grad_()
    weights = [
        torch.randn(channels, 1, kernel, kernel, device="cuda").requires_grad_(),
        torch.randn(channels, channels, 1, 1, device="cuda").requires_grad_(),
    ]
    feedback = [torch.randn_like(weight) for weight in weights]
    padding = dilation * (kernel - 1) // 2
    z, mean, variance = convolve_separably(
        x, depthwise=weights[0], pointwise=weights[1], feedback_depthwise=feedback[0],
        feedback_pointwise=feedback[1], stride=stride, padding=padding, dilation=dilation,
    )  # fmt: skip
    wide = [tensor.detach().double() for tensor in (x, *weights, *feedback)]
    check([z, mean, variance], separable.reference(*wide, stride, padding, dilation), dtype)
    received = torch.randn_like(z)
    found = torch.autograd.grad(z, [x, *weights], received)
    signal, gradients = separable.reference_backward(
        received.double(), wide[0], wide[1], *wide[3:], stride, padding, dilation, True
    )
    parts = gradients.split([weight.numel() for weight in weights])
    check([found[0], *(g.flatten() for g in found[1:])], [signal, *parts], dtype)


@pytest.mark.parametrize("dtype", sorted(WITHIN, key=str))
@pytest.mark.parametrize("channels", [3, 16, 64])
def test_node_matches_float64_reference(channels: int, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    raws = [images(channels, 32, dtype).requires_grad_() for _ in range(3)]
    plains = [images(channels, 32, dtype).requires_grad_()]
    moments = [torch.var_mean(z.detach().float(), (0, 2, 3), correction=0) for z in raws]
    means, variances = [m for _, m in moments], [v for v, _ in moments]
    scales, shifts = ([torch.randn(channels, device="cuda").requires_grad_() for _ in raws]
                      for _ in range(2))  # fmt: skip
    total, active = join(
        raws, means=means, variances=variances, scales=scales, shifts=shifts, plains=plains,
        with_active=True,
    )  # fmt: skip
    lists = [[x.detach().double() for x in xs] for xs in (raws, means, variances, scales, shifts)]
    wide = [x.detach().double() for x in plains]
    check([total, active], node.reference(*lists, wide, 1e-5, True, True), dtype)
    signals = [torch.randn_like(total) for _ in range(2)]
    found = torch.autograd.grad([total, active], [*raws, *scales, shifts[0], *plains], signals)
    expected = node.reference_backward(
        *(signal.double() for signal in signals), total.detach().double(), *lists[:4], 1e-5, True
    )
    check(found, expected, dtype)


def test_sgd_matches_float64_reference() -> None:
    torch.manual_seed(0)
    segments = [
        ParameterSegment(0, 500_000, 1.0, momentum=0.9, weight_decay=5e-4),
        ParameterSegment(500_000, 573_466, 0.1, candidate=1),
    ]
    given = [torch.randn(1_073_466, device="cuda") for _ in range(3)]
    table = parameter_table(segments, device="cuda")
    wide = [tensor.double() for tensor in given]
    rates = torch.tensor([0.1, 0.02], device="cuda")
    sgd_step(given[0], given[1], given[2], table, rates=rates, nesterov=True)
    flat_sgd.reference(
        *wide, table.segments.cpu(), table.settings, table.blocks, rates.double(), True
    )
    check(given, wide, torch.float32)


def test_projection_on_gpu_matches_cpu() -> None:
    torch.manual_seed(0)
    kernels = [torch.randn(10, c, 3, 3) for c in (16, 32, 64)]
    error = torch.randn(64, 10)
    sent = []
    for device in ("cpu", "cuda"):
        receivers = [
            Receiver(k.to(device), (size, size), padding=1)
            for k, size in zip(kernels, (32, 16, 8), strict=True)
        ]
        table = projection_table(receivers, batch=64, channels_last=True)
        sent.append([x.cpu() for x in project(error.to(device), table)])
    check(sent[1], sent[0], torch.float32)


def test_graph_replays_draw_fresh_feedback_and_restored_step_repeats_it() -> None:
    weights = torch.randn(100_000, device="cuda")
    table = feedback_table(
        [FeedbackSegment(0, 60_000, "brsf", 0.1), FeedbackSegment(60_000, 40_000, "fa", layer=1)],
        device="cuda",
    )
    seeds, decays = seed_tensor([7], device="cuda"), torch.ones(1, device="cuda")
    steps = torch.zeros(1, dtype=torch.int64, device="cuda")
    feedback = torch.zeros_like(weights)

    def step() -> None:
        refresh_feedback(feedback, weights, table, seeds=seeds, steps=steps, decays=decays)
        steps.add_(1)

    step()  # compiles the kernel
    steps.zero_()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    steps.zero_()
    drawn = []
    for _ in range(2):
        graph.replay()
        drawn.append(feedback.clone())
    assert (drawn[0][:60_000] == drawn[1][:60_000]).float().mean() < 1e-3
    assert torch.equal(drawn[0][60_000:], drawn[1][60_000:])
    steps.zero_()
    graph.replay()
    assert torch.equal(feedback, drawn[0])
    on_cpu = torch.zeros(100_000)
    on_host = feedback_table(
        [FeedbackSegment(0, 60_000, "brsf", 0.1), FeedbackSegment(60_000, 40_000, "fa", layer=1)]
    )
    refresh_feedback(
        on_cpu,
        weights.cpu(),
        on_host,
        seeds=seed_tensor([7]),
        steps=torch.zeros(1),
        decays=torch.ones(1),
    )
    assert torch.equal(feedback.cpu(), on_cpu)
