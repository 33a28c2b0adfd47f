"""Oracle of every own update: its equation one event and one unit at a time, in float64."""

import copy
import math
from dataclasses import fields
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import (
    RULES,
    AbstractOwnUpdateRule,
    BehaviouralTimescale,
    BienenstockCooperMunro,
    Oja,
    RuleConv2d,
    RuleLinear,
    SoftHebb,
    bio_share,
    connect,
    first_layer_representatives,
)

OWN = [name for name, rule in RULES.items() if issubclass(rule, AbstractOwnUpdateRule)]
UNSUPERVISED = ["hebb", "oja", "bcm", "stdp"]
LAYERS: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3, "padding": 1},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1, "groups": 2},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2, "bias": False},
    "depthwise": {"kernel_size": 3, "padding": 1, "groups": 4},
    "linear": {},
}
Layer = RuleConv2d | RuleLinear


def make(rule: AbstractOwnUpdateRule, kind: str) -> tuple[Layer, Tensor]:
    """A connected layer of four channels in and four out, and inputs for it."""
    if kind == "linear":
        layer: Layer = RuleLinear(4, 4, rule=rule).double()
        x = torch.randn(3, 2, 4, dtype=torch.float64)
    else:
        layer = RuleConv2d(4, 4, **LAYERS[kind], rule=rule).double()
        x = torch.randn(3, 4, 5, 4, dtype=torch.float64)
    connect(layer, seed=1)
    return layer, x.requires_grad_()


def learn(layer: Layer, x: Tensor, received: Tensor) -> Tensor:
    """Delta W of one backward pass, in which ``received`` comes from above."""
    layer.zero_grad()
    layer(x).backward(received)
    assert layer.weight.grad is not None
    return -layer.weight.grad


def step(layer: Layer, x: Tensor, received: Tensor, *, rate: float) -> None:
    change = learn(layer, x, received)
    with torch.no_grad():
        layer.weight += rate * change


def literal_events(layer: Layer, x: Tensor) -> Tensor:
    """What each unit sees in each event, (events, units, *weight.shape[1:]), patch by patch."""
    if isinstance(layer, RuleLinear):
        return x.detach().reshape(-1, 1, 4).expand(-1, 4, 4)
    (stride, _), (dilation, _), padding = layer.stride, layer.dilation, int(layer.padding[0])
    padded = F.pad(x.detach(), [padding] * 4)
    out, in_group = layer.weight.shape[:2]
    height, width = layer(x).shape[2:]
    events = []
    for image in padded:
        for i in range(height):
            for j in range(width):
                rows = slice(i * stride, i * stride + 2 * dilation + 1, dilation)
                columns = slice(j * stride, j * stride + 2 * dilation + 1, dilation)
                units = []
                for k in range(out):
                    first = k // (out // layer.groups) * in_group
                    units.append(image[first : first + in_group, rows, columns])
                events.append(torch.stack(units))
    return torch.stack(events)


def as_events(layer: Layer, values: Tensor) -> Tensor:
    """(batch, ...) of the outputs' shape as (events, units)."""
    return values.detach().movedim(layer.channel_axis, -1).reshape(-1, 4)


def some_signal(layer: Layer, x: Tensor) -> Tensor:
    return torch.randn(layer(x).shape, dtype=torch.float64)


@pytest.mark.parametrize("kind", sorted(set(LAYERS) - {"depthwise"}))
def test_softhebb_is_its_loop_over_positions_and_units(kind: str) -> None:
    layer, x = make(SoftHebb(temperature=0.8), kind)
    weight, events = layer.weight.detach(), literal_events(layer, x)
    expected = torch.zeros_like(weight)
    for seen in events:
        u = [float((seen[k] * weight[k]).sum()) for k in range(4)]
        for group in torch.arange(4).view(layer.groups, -1).tolist():
            total = sum(math.exp(0.8 * u[k]) for k in group)
            winner = max(group, key=lambda k: u[k])
            for k in group:
                y = math.exp(0.8 * u[k]) / total * (1 if k == winner else -1)
                expected[k] += y * (seen[k] - u[k] * weight[k])
    expected /= expected.abs().max()
    for k in range(4):
        expected[k] *= abs(float(weight[k].norm()) - 1) ** 0.5
    found = learn(layer, x, some_signal(layer, x))
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_oja_is_its_loop_over_positions_and_units(kind: str) -> None:
    layer, x = make(Oja(), kind)
    expected = literal_oja(layer, x)
    assert torch.allclose(learn(layer, x, some_signal(layer, x)), expected, rtol=0, atol=1e-12)


def literal_oja(layer: Layer, x: Tensor) -> Tensor:
    weight, events = layer.weight.detach(), literal_events(layer, x)
    total = torch.zeros_like(weight)
    for seen in events:
        for k in range(4):
            u = (seen[k] * weight[k]).sum()
            total[k] += u * seen[k] - u * u * weight[k]
    energy = x.detach().square().mean() * weight[0].numel()
    return total / (len(events) * energy)


def test_softhebb_is_oja_where_a_unit_has_no_competitor() -> None:
    layer, x = make(SoftHebb(), "depthwise")
    expected = literal_oja(layer, x)
    assert torch.allclose(learn(layer, x, some_signal(layer, x)), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_bcm_is_its_loop_over_batches_positions_and_units(kind: str) -> None:
    layer, first = make(BienenstockCooperMunro(memory=4.0), kind)
    weight, theta = layer.weight.detach(), None
    for x in (first, torch.randn_like(first), torch.randn_like(first)):
        events = literal_events(layer, x)
        y = (events * weight).flatten(2).sum(2)
        seen = torch.stack([sum(v * v for v in y[:, k]) / len(y) for k in range(4)])
        theta = seen if theta is None else 0.75 * theta + 0.25 * seen
        expected = torch.zeros_like(weight)
        for e in range(len(events)):
            for k in range(4):
                expected[k] += y[e, k] * (y[e, k] - theta[k]) / theta[k] * events[e, k]
        expected /= len(events) * x.detach().square().mean() * weight[0].numel()
        found = learn(layer, x, some_signal(layer, x))
        assert torch.allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_btsp_is_its_loop_over_plateaus(kind: str) -> None:
    layer, x = make(BehaviouralTimescale(share=0.2, w_max=0.5), kind)
    received = some_signal(layer, x)
    weight, wanted = layer.weight.detach(), -as_events(layer, received)
    active = x.detach().clamp_min(0)
    eligible = torch.stack([0.5 * image / image.max() for image in active])
    events = literal_events(layer, eligible)
    least = sorted(wanted.flatten().tolist(), reverse=True)[round(0.2 * wanted.numel()) - 1]
    expected = torch.zeros_like(weight)
    for k in range(4):
        plateaus = [e for e in range(len(events)) if float(wanted[e, k]) >= max(least, 1e-300)]
        for e in plateaus:
            expected[k] += (events[e, k] - weight[k]) / len(plateaus)
    assert torch.allclose(learn(layer, x, received), expected, rtol=0, atol=1e-12)
    assert torch.allclose(learn(layer, x, 1e-6 * received), expected, rtol=0, atol=1e-12)


def test_btsp_without_a_wish_writes_nothing_and_one_event_writes_a_pattern_at_once() -> None:
    layer, x = make(BehaviouralTimescale(share=0.01), "linear")
    assert learn(layer, x, torch.zeros(3, 2, 4).double()).count_nonzero() == 0
    received = torch.zeros(3, 2, 4, dtype=torch.float64)
    received[1, 0, 2] = -1.0
    before = layer.weight.detach().clone()
    step(layer, x, received, rate=1.0)
    pattern = x[1].detach().relu()
    assert torch.allclose(layer.weight[2], pattern[0] / pattern.max())
    assert torch.equal(layer.weight[[0, 1, 3]], before[[0, 1, 3]])


def test_btsp_keeps_weights_between_where_they_were_and_the_pattern() -> None:
    layer, x = make(BehaviouralTimescale(share=0.5), "dense")
    low = layer.weight.detach().clamp_max(0.0).min()
    high = max(1.0, float(layer.weight.detach().max()))
    for _ in range(20):
        step(layer, x, some_signal(layer, x), rate=0.7)
    assert low - 1e-12 <= layer.weight.min() <= layer.weight.max() <= high + 1e-12


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_what_comes_from_above_does_not_change_an_unsupervised_update(name: str) -> None:
    rule = RULES[name]()
    assert isinstance(rule, AbstractOwnUpdateRule)
    layer, x = make(rule, "dense")
    other = copy.deepcopy(layer)
    assert torch.equal(learn(layer, x, some_signal(layer, x)), learn(other, x, 0 * layer(x)))


def test_oja_rests_on_the_leading_eigenvector_of_length_one() -> None:
    layer = RuleLinear(5, 2, bias=False, rule=Oja()).double()
    connect(layer, seed=0)
    x = torch.randn(400, 5, dtype=torch.float64) * torch.tensor([3.0, 1, 1, 1, 0.5]).double()
    for _ in range(400):
        step(layer, x, torch.zeros(400, 2).double(), rate=0.5)
    values, vectors = torch.linalg.eigh(x.t() @ x)
    leading = vectors[:, values.argmax()]
    assert torch.allclose((layer.weight @ leading).abs(), torch.ones(2).double(), atol=1e-6)
    assert torch.allclose(layer.weight.norm(dim=1), torch.ones(2).double(), atol=1e-6)


def test_ojas_change_does_not_depend_on_the_size_of_the_inputs() -> None:
    layer, x = make(Oja(), "dense")
    received = some_signal(layer, x)
    small = learn(layer, x, received)
    assert torch.allclose(learn(layer, 1000 * x.detach(), received), small, rtol=1e-12)


def test_a_winner_of_softhebb_comes_to_length_one_along_its_cluster() -> None:
    layer = RuleLinear(3, 2, bias=False, rule=SoftHebb(temperature=20.0)).double()
    connect(layer, seed=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, 0.1, 0.0], [-0.3, 0.2, 0.1]]))
    x = torch.tensor([[1.0, 0.0, 0.0]] * 8, dtype=torch.float64)
    for turn in range(1000):
        step(layer, x, torch.zeros(8, 2).double(), rate=0.1 / (1 + 0.02 * turn))
    assert torch.allclose(layer.weight[0], x[0], atol=0.02)


def test_a_bcm_unit_comes_to_answer_one_of_two_inputs() -> None:
    layer = RuleLinear(2, 4, bias=False, rule=BienenstockCooperMunro()).double()
    connect(layer, seed=0)
    with torch.no_grad():
        layer.weight.uniform_(0.1, 1.0)
    x = torch.tensor([[1.0, 0.2], [0.2, 1.0]] * 8, dtype=torch.float64)
    for _ in range(3000):
        step(layer, x, torch.zeros(16, 4).double(), rate=0.1)
    answers = layer(x[:2]).detach().sort(0).values
    assert torch.allclose(answers[0], torch.zeros(4).double(), atol=1e-3)
    assert torch.allclose(answers[1], torch.full((4,), 2.0).double(), atol=1e-3)  # 1 / its share


def test_bcms_threshold_is_saved_with_the_weights_and_moves_in_training_only() -> None:
    layer, x = make(BienenstockCooperMunro(), "dense")
    learn(layer, x, some_signal(layer, x))
    twin, _ = make(BienenstockCooperMunro(), "dense")
    twin.load_state_dict(layer.state_dict())
    assert isinstance(layer.kept, Tensor)
    assert isinstance(twin.kept, Tensor)
    assert torch.equal(layer.kept, twin.kept)
    twin.eval()
    twin(2 * x).sum().backward()
    assert torch.equal(layer.kept, twin.kept)


@pytest.mark.parametrize("name", OWN)
def test_in_evaluation_mode_and_frozen_nothing_is_learnt(name: str) -> None:
    rule = RULES[name]()
    assert isinstance(rule, AbstractOwnUpdateRule)
    for is_frozen in (False, True):
        layer, x = make(rule, "dense")
        layer.train(is_frozen).requires_grad_(not is_frozen)
        layer(x).sum().backward()
        assert layer.weight.grad is None


@pytest.mark.parametrize("name", OWN)
def test_a_rule_sends_what_the_rule_it_names_sends(name: str) -> None:
    for send in ("usf", "fa", "bp", "none"):
        rule = RULES[name](send=send)  # type: ignore[call-arg]
        assert isinstance(rule, AbstractOwnUpdateRule)
        layer, x = make(rule, "strided")
        wiring = layer.connected
        wiring.aim(torch.tensor([0, 1, 2]))
        received = some_signal(layer, x)
        outputs = layer(x)
        wiring.watch(torch.zeros(3, 5, dtype=torch.float64, requires_grad=True) * 1.0)
        outputs.backward(received)
        layer.rule = RULES["bp" if send == "none" else send]()
        y = x.detach().requires_grad_()
        layer(y).backward(received)
        assert x.grad is not None
        assert y.grad is not None
        share = 0.0 if send == "none" else 1 - 0.5**4 if name == "pc" else 1.0  # pc relaxes
        assert torch.allclose(x.grad, share * y.grad, rtol=0, atol=1e-12)


def test_below_a_layer_that_sends_nothing_layers_still_learn_by_their_own_rule() -> None:
    network = nn.Sequential(
        RuleLinear(4, 3, rule=Oja()), nn.Tanh(), RuleLinear(3, 2, rule=Oja(send="none"))
    )
    connect(network, seed=0)
    network(torch.randn(5, 4)).sum().backward()
    weight, bias = network[0].parameters()
    assert weight.grad is not None
    assert bias.grad is not None
    assert weight.grad.norm() > 0
    assert bias.grad.norm() == 0


def test_a_first_layer_keeps_rules_of_different_updates_apart() -> None:
    found = first_layer_representatives(RULES, list(RULES))
    for name in set(OWN) - {"pc"}:  # on the first layer pc back-propagates
        assert found[name] == name
    assert {found[name] for name in RULES if name not in OWN or name == "pc"} == {"fa"}


@pytest.mark.parametrize(
    ("send", "share"), [("usf", 1.0), ("fa", 1.0), ("none", 1.0), ("bp", 0.0)]
)
def test_sending_through_the_weights_transports_them(send: Any, share: float) -> None:
    assert bio_share(RuleLinear(3, 3, rule=SoftHebb(send=send))) == share
    assert RULES["pc"].transports == "weights"
    assert bio_share(RuleLinear(3, 3, rule=RULES["pc"]())) == 0.0


@pytest.mark.parametrize("name", OWN)
def test_the_readout_learns_from_the_error(name: str) -> None:
    assert RULES[name]().for_readout().updates == "C(x, g)"


@pytest.mark.parametrize("name", OWN)
def test_options_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(RuleError, match="expected send to be one of usf, fa, bp, none, got 'x'"):
        RULES[name](send="x")  # type: ignore[call-arg]
    for option in fields(RULES[name]()):  # type: ignore[arg-type]
        if option.name != "send":
            with pytest.raises(RuleError, match=f"'{name}': expected {option.name} to be a n"):
                RULES[name](**{option.name: float("nan")})
