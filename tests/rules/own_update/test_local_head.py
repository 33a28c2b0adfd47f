"""Trained heads. Oracles: a twin of plain torch modules, loops, an uninterrupted training."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import (
    RULES,
    LocalLoss,
    RuleConv2d,
    RuleLinear,
    bio_share,
    connect,
    parameter_groups,
    true_gradient,
    weights_by_rule,
    wirings,
)
from evonas.rules.own_update.local_head import LocalHead

LABELS = torch.tensor([0, 2, 2, 1, 0, 1])


def network(beta: float = 0.4) -> nn.Sequential:
    """Convolution, depthwise convolution and linear layer under trained local losses."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        rule = LocalLoss(heads="trained", beta=beta)
        made = nn.Sequential(
            RuleConv2d(2, 4, 3, padding=1, rule=rule),
            nn.ReLU(),
            RuleConv2d(4, 4, 3, stride=2, padding=1, groups=4, bias=False, rule=rule),
            nn.Flatten(),
            RuleLinear(36, 5, rule=rule),
            nn.Tanh(),
            RuleLinear(5, 3, rule=RULES["usf"]()),
        ).double()
    connect(made, seed=2, num_classes=3)
    return made


def images() -> Tensor:
    return torch.randn(6, 2, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def train(net: nn.Module, optimiser: torch.optim.SGD, *, steps: int) -> None:
    (wiring,) = wirings(net)
    for _ in range(steps):
        wiring.aim(LABELS)
        loss = F.cross_entropy(wiring.watch(net(images())), LABELS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        wiring.advance(learning_rate=0.1)


def optimiser_of(net: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(parameter_groups(net, learning_rate=0.1, momentum=0.9))


def warmed_up() -> nn.Sequential:
    """A network trained for three steps, so that its heads are no longer zero."""
    net = network()
    train(net, optimiser_of(net), steps=3)
    net.zero_grad()
    return net


def similarity(rows: Tensor) -> Tensor:
    centred = rows - rows.mean(1, keepdim=True)
    return F.cosine_similarity(centred[:, None], centred[None], dim=2, eps=1e-8)


def twin_gradients(layer: RuleConv2d | RuleLinear, x: Tensor, beta: float) -> dict[str, Tensor]:
    """Gradients of the block in plain torch: layer, normalisation, two heads."""
    head = layer.head
    assert isinstance(head, LocalHead)
    assert head.see is not None
    assert head.offset is not None
    reading = nn.Linear(head.read.shape[1], 3).double()
    reading.weight.data, reading.bias.data = (
        head.read.detach().clone(),
        head.offset.detach().clone(),
    )
    weight = layer.weight.detach().clone().requires_grad_()
    if isinstance(layer, RuleConv2d):
        hidden = (
            nn.BatchNorm2d(4)
            .double()(
                F.conv2d(x, weight, layer.bias, layer.stride, layer.padding, 1, layer.groups)
            )
            .relu()
        )
        seeing: nn.Module = nn.Conv2d(4, 4, 3, padding=1, bias=False).double()
        features = nn.AdaptiveAvgPool2d(2)(hidden).flatten(1)
    else:
        hidden = nn.BatchNorm1d(5).double()(F.linear(x, weight, layer.bias)).relu()
        seeing, features = nn.Linear(5, 5, bias=False).double(), hidden
    seeing.weight = nn.Parameter(head.see.detach().clone())
    seen = seeing(hidden)
    spread = seen.flatten(2).std(2) if seen.dim() == 4 else seen
    one_hot = F.one_hot(LABELS, 3).double()
    loss = (1 - beta) * nn.CrossEntropyLoss()(reading(features), LABELS)
    loss = loss + beta * nn.MSELoss()(similarity(spread), similarity(one_hot))
    names = ("weight", "head.read", "head.offset", "head.see")
    tensors = (weight, reading.weight, reading.bias, seeing.weight)
    return dict(zip(names, torch.autograd.grad(loss, tensors), strict=True))


def test_layer_and_head_gradients_match_plain_torch_modules() -> None:
    net = warmed_up()
    inputs: dict[nn.Module, Tensor] = {}
    for module in net:
        module.register_forward_pre_hook(lambda m, args: inputs.update({m: args[0].detach()}))
    (wiring,) = wirings(net)
    wiring.aim(LABELS)
    F.cross_entropy(wiring.watch(net(images())), LABELS).backward()
    for layer in (net[0], net[2], net[4]):
        assert isinstance(layer, RuleConv2d | RuleLinear)
        for name, expected in twin_gradients(layer, inputs[layer], 0.4).items():
            found = layer.get_parameter(name).grad
            assert found is not None
            assert expected.norm() > 0
            assert torch.allclose(found, expected, rtol=0, atol=1e-10), name


def literal_seen(head: LocalHead, hidden: Tensor) -> Tensor:
    """The convolution before the similarities, in loops over taps."""
    seen = torch.zeros_like(hidden)
    assert head.see is not None
    height, width = hidden.shape[2:]
    for n in range(len(hidden)):
        for out in range(4):
            for i in range(height):
                for j in range(width):
                    for c in range(4):
                        for di in range(3):
                            for dj in range(3):
                                y, x = i + di - 1, j + dj - 1
                                if 0 <= y < height and 0 <= x < width:
                                    tap = head.see[out, c, di, dj]
                                    seen[n, out, i, j] += tap * hidden[n, c, y, x]
    return seen


def test_head_readout_and_convolution_match_literal_loops() -> None:
    net = warmed_up()
    head = net[0].head
    assert isinstance(head, LocalHead)
    assert head.offset is not None
    with torch.no_grad():
        hidden = torch.rand(2, 4, 3, 3, dtype=torch.float64)
        features = torch.rand(2, 16, dtype=torch.float64)
        scores, seen = head(hidden, features)
        for n in range(2):
            for k in range(3):
                expected = float(head.offset[k]) + sum(
                    float(head.read[k, f]) * float(features[n, f]) for f in range(16)
                )
                assert math.isclose(float(scores[n, k]), expected, abs_tol=1e-12)
        assert torch.allclose(seen, literal_seen(head, hidden), rtol=0, atol=1e-12)


def test_head_is_trained_saved_counted_copied_and_moved_with_layer() -> None:
    net = network()
    heads = {name for name, _ in net.named_parameters() if ".head." in name}
    assert heads == {f"{at}.head.{part}" for at in (0, 2, 4) for part in ("read", "offset", "see")}
    assert heads < set(net.state_dict())
    groups = parameter_groups(net, learning_rate=0.1)
    assert len(groups[0]["params"]) == len(list(net.parameters()))
    layers = 4 * 2 * 9 + 4 * 9 + 36 * 5
    trained = (3 * 16 + 4 * 4 * 9) * 2 + 3 * 5 + 5 * 5
    assert weights_by_rule(net) == {"local": layers + trained, "usf": 15}
    assert bio_share(net) == 1.0
    other = copy.deepcopy(net)
    before = copy.deepcopy(net.state_dict())
    train(net, optimiser_of(net), steps=2)
    for name in heads:
        assert not torch.equal(net.state_dict()[name], before[name]), name
        assert torch.equal(other.state_dict()[name], before[name]), name
    assert {p.dtype for p in other.float().parameters()} == {torch.float32}


def test_resumed_training_is_bit_identical() -> None:
    whole, first, resumed = network(), network(), network()
    train(whole, optimiser_of(whole), steps=5)
    optimiser = optimiser_of(first)
    train(first, optimiser, steps=3)
    saved = copy.deepcopy((first.state_dict(), optimiser.state_dict(), wirings(first)[0].state()))
    optimiser = optimiser_of(resumed)
    resumed.load_state_dict(saved[0])
    optimiser.load_state_dict(saved[1])
    wirings(resumed)[0].restore(saved[2])
    train(resumed, optimiser, steps=2)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_head_takes_no_part_in_forward_pass_or_true_gradient() -> None:
    net = warmed_up()
    with true_gradient(net):
        logits = net(images())
        logits.sum().backward()
    assert all(p.grad is None for name, p in net.named_parameters() if ".head." in name)
    with torch.no_grad():
        for layer in (net[0], net[2], net[4]):
            for parameter in layer.head.parameters():  # type: ignore[union-attr]
                parameter.fill_(math.nan)
        assert torch.equal(net.eval()(images()), logits)


def test_initial_head_depends_only_on_seed() -> None:
    first, second = network()[0].head, network()[0].head
    assert isinstance(first, LocalHead)
    assert isinstance(second, LocalHead)
    assert first.see is not None
    assert second.see is not None
    assert torch.equal(first.see, second.see)
    # uniform within torch's bound for a convolution of 36 inputs, 1 / sqrt(36)
    assert first.see.abs().max().item() <= 1 / math.sqrt(36)
    assert first.see.std().item() == pytest.approx(1 / math.sqrt(3 * 36), rel=0.05)
    assert first.read.count_nonzero() == 0


def test_heads_without_similarity_loss_have_no_similarity_weights() -> None:
    net = network(beta=0.0)
    assert {name for name, _ in net.named_parameters() if "head" in name} == {
        f"{at}.head.{part}" for at in (0, 2, 4) for part in ("read", "offset")
    }
    before = copy.deepcopy(net.state_dict())
    train(net, optimiser_of(net), steps=2)  # the readout is zero in the first step
    for name, value in net.named_parameters():
        if value.dim() > 1 or ".head." in name:
            assert not torch.equal(value, before[name]), name


@pytest.mark.parametrize("name", sorted(RULES))
def test_other_rules_and_random_heads_add_no_parameters(name: str) -> None:
    rule = LocalLoss(heads="random") if name == "local" else RULES[name]()
    layer = RuleLinear(3, 4, rule=rule)
    connect(layer, seed=0, num_classes=3)
    assert layer.head is None
    layer.rule = LocalLoss(heads="trained")
    connect(layer, seed=0, num_classes=3)
    assert layer.head is not None
    layer.rule = rule
    connect(layer, seed=0, num_classes=3)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_missing_number_of_classes_raises_with_hint() -> None:
    layer = RuleLinear(3, 4, rule=LocalLoss(heads="trained"))
    wiring = connect(layer, seed=0)
    wiring.aim(LABELS)
    outputs = layer(torch.randn(6, 3))
    with pytest.raises(RuleError, match=r"call `connect\(network, seed=..., num_classes=...\)`"):
        wiring.watch(outputs).sum().backward()
