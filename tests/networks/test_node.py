"""Oracle: the modules run one after another, in float64, where rounding hides no error."""

import copy
import random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks import Network, build
from evonas.networks.blocks import relu_convolution, separable_convolution
from evonas.networks.node import NodeOutput, is_relu_convolution, run_node
from evonas.networks.normalisation import BatchNorm
from evonas.rules import RULES, Segment, connect, true_gradient
from evonas.space import load

BP = RULES["bp"]()
CASES = [
    *[(name, "nas-bench-201") for name in RULES],
    ("fa+brsf+kp", "darts"),
    ("+".join(RULES), "nas-bench-201"), ("+".join(RULES), "darts"),
]  # fmt: skip


def network_of(rules: str, space: str) -> Network:
    shaped = load(space).resized(channels=4, cells=1).with_rules(tuple(rules.split("+")))
    genome = shaped.sample(random.Random(2))
    network = build(shaped, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    return network.double().train()


def learn(network: Network) -> Tensor:
    """The loss of one batch; leaves its gradients in the parameters."""
    generator = torch.Generator().manual_seed(1)
    pixels = torch.rand(6, 1, 8, 8, dtype=torch.float64, generator=generator)
    labels = torch.arange(6)
    network.wiring.aim(labels)
    loss = F.cross_entropy(network(pixels), labels)
    loss.backward()
    return loss.detach()


def check(plain: Network, ours: Network) -> None:
    """Compare two passes of both networks, with one optimiser step in between."""
    ours.use_kernels(are_used=True)
    for _ in range(2):
        torch.testing.assert_close(learn(ours), learn(plain), rtol=1e-9, atol=0.0)
        theirs = {name: p.grad for name, p in plain.named_parameters()}
        largest = max(float(g.abs().max()) for g in theirs.values() if g is not None)
        for name, one in ours.named_parameters():
            torch.testing.assert_close(
                one.grad, theirs[name], rtol=1e-6, atol=1e-10 * largest, msg=name
            )
        for network in (plain, ours):
            network.zero_grad()
            network.wiring.advance(learning_rate=0.1, weight_decay=0.01)
    buffers = dict(plain.named_buffers())
    for name, buffer in ours.named_buffers():
        torch.testing.assert_close(buffer, buffers[name], rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.parametrize(("rules", "space"), CASES)
def test_network_run_by_nodes_matches_modules(rules: str, space: str) -> None:
    check(network_of(rules, space), network_of(rules, space))


def test_true_gradient_by_nodes_equals_backprop() -> None:
    ours, twin = network_of("usf+brsf", "darts"), network_of("bp", "darts")
    twin.load_state_dict(ours.state_dict())
    ours.use_kernels(are_used=True)
    with true_gradient(ours):
        learn(ours)
    learn(twin)
    theirs = dict(twin.named_parameters())
    for name, one in ours.named_parameters():
        if one.grad is not None:
            torch.testing.assert_close(one.grad, theirs[name].grad, rtol=1e-6, atol=1e-9)


def test_evaluation_mode_is_bit_identical_with_kernels() -> None:
    ours = network_of("usf", "darts").eval()
    plain = copy.deepcopy(ours)
    ours.use_kernels(are_used=True)
    pixels = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    assert ours(pixels).equal(plain(pixels))


@pytest.mark.parametrize("rule", ["bp", "fa", "hebb", "pc"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5])
def test_node_of_mixed_edges_matches_modules(rule: str, stride: int, kernel: int) -> None:
    def edges() -> nn.ModuleList:
        torch.manual_seed(0)
        return nn.ModuleList(
            [
                relu_convolution(4, 4, kernel=kernel, stride=stride, rule=RULES[rule]()),
                relu_convolution(4, 4, kernel=3, stride=stride, groups=2, rule=RULES["usf"]()),
                separable_convolution(
                    4, kernel=kernel, stride=stride, dilation=2, repeats=2, rule=RULES[rule]()
                ),
                nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False),
            ]
        ).double()

    ours, plain = edges(), edges()
    for each in (ours, plain):
        connect(each, seed=0)
    inputs = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    sides = []
    for each, is_ours in ((ours, True), (plain, False)):
        x = inputs.clone().requires_grad_()
        if is_ours:
            value = NodeOutput(x * 1.0)
            node = run_node([(edge, value) for edge in each], with_active=True)
            sums = node.plain + 2.0 * node.active
        else:
            terms = [edge(x * 1.0) for edge in each]
            sums = sum(terms[1:], terms[0])
            sums = sums + 2.0 * sums.relu()
        (sums * torch.arange(sums.numel()).view_as(sums)).sum().backward()
        sides.append([sums, x.grad, *(p.grad for p in each.parameters())])
    for one, other in zip(*sides, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


def test_only_plain_relu_convolutions_are_split_by_nodes() -> None:
    taken = relu_convolution(4, 4, kernel=3, rule=BP)
    assert is_relu_convolution(taken)
    for whole in (
        relu_convolution(4, 4, kernel=3, rule=RULES["pc"]()),  # relaxes as one piece
        separable_convolution(4, kernel=3, rule=BP),
        Segment(nn.Tanh(), *list(taken.children())[1:]),
        nn.Sequential(*taken.children()),
        BatchNorm(4),
    ):
        assert not is_relu_convolution(whole)
