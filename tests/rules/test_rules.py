"""Laws that every rule obeys. Oracle: torch's layer, or a slow replica."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import RULES, AbstractRule, RuleConv2d, RuleLinear, connect, wirings
from evonas.rules.base import DESCRIPTIONS
from evonas.rules.direct.centred_feedback import AbstractCentredFeedback

REPLICAS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    # (W, U of unit root mean square, sigma) -> V, as the papers write it
    "bp": lambda W, U, sigma: W,  # noqa: ARG005
    "fa": lambda W, U, sigma: sigma * U,  # noqa: ARG005
    "usf": lambda W, U, sigma: sigma * ((W > 0).double() - (W < 0).double()),  # noqa: ARG005
    "frsf": lambda W, U, sigma: torch.copysign((sigma * U).abs(), W) * (W != 0),
    "brsf": lambda W, U, sigma: torch.copysign((sigma * U).abs(), W) * (W != 0),
}
CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2},
    "grouped": {"kernel_size": 3, "groups": 2},
    "depthwise": {"kernel_size": 5, "padding": 2, "groups": 4},
    "pointwise": {"kernel_size": 1},
    "same": {"kernel_size": (3, 4), "padding": "same"},
    "reflect": {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    "circular": {"kernel_size": 3, "padding": (2, 1), "padding_mode": "circular"},
}


def test_rule_table_is_complete_and_described() -> None:
    assert list(RULES) == [
        "bp", "fa", "usf", "frsf", "brsf", "kp", "wm", "pfa", "dfa", "sdfa", "drtp",
        "hebb", "oja", "bcm", "btsp", "stdp", "local", "pc",
    ]  # fmt: skip
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.transports in ("weights", "signs", "nothing")
        assert all(getattr(rule, each) for each in DESCRIPTIONS)


@pytest.mark.parametrize("name", sorted(REPLICAS))
def test_feedback_matches_published_formula(name: str, generator: torch.Generator) -> None:
    layer = RuleConv2d(4, 6, 3, groups=2, rule=RULES[name]()).double()
    wiring = connect(layer, seed=4)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(6, 2, 3, 3, dtype=torch.float64, generator=generator))
        layer.weight[0, 0, 0, 0] = 0.0
    noise = wiring.fixed_noise(layer.number, like=layer.weight, shape=layer.weight.shape)
    sigma = (1 / (3 * 2 * 9)) ** 0.5  # of one group: 2 in, 3 x 3
    expected = REPLICAS[name](layer.weight.detach(), noise, sigma)
    assert torch.allclose(layer.feedback(), expected, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch warns about even kernels
@pytest.mark.parametrize("case", sorted(CONVOLUTIONS))
def test_convolution_outputs_and_updates_match_torch(
    rule: AbstractRule, case: str, generator: torch.Generator
) -> None:
    options = CONVOLUTIONS[case]
    layer = RuleConv2d(4, 4, **options, rule=rule).double()
    twin = nn.Conv2d(4, 4, **options).double()
    twin.load_state_dict(layer.state_dict())
    check_against_twin(layer, twin, (3, 4, 9, 8), generator)


@pytest.mark.parametrize("leading", [(3,), (3, 2), (3, 2, 2)])
def test_linear_layer_outputs_and_updates_match_torch(
    rule: AbstractRule, leading: tuple[int, ...], generator: torch.Generator
) -> None:
    layer, twin = RuleLinear(5, 4, rule=rule).double(), nn.Linear(5, 4).double()
    twin.load_state_dict(layer.state_dict())
    check_against_twin(layer, twin, (*leading, 5), generator)


def check_against_twin(
    layer: RuleConv2d | RuleLinear,
    twin: nn.Module,
    shape: tuple[int, ...],
    generator: torch.Generator,
) -> None:
    """Assert equal outputs and equal gradients of weight and bias, whatever the rule sends.

    For a rule with its own update only the bias is compared.
    """
    wiring = connect(layer, seed=0, num_classes=3)
    wiring.aim(torch.zeros(shape[0], dtype=torch.int64))
    inputs = torch.randn(shape, dtype=torch.float64, generator=generator)
    found, expected = layer(inputs.requires_grad_()), twin(inputs)
    assert torch.equal(found, expected)
    received = torch.randn(found.shape, dtype=torch.float64, generator=generator)
    logits = torch.zeros(shape[0], 3, dtype=torch.float64, requires_grad=True) * 1.0
    wiring.watch(logits).sum().backward()
    ours = torch.autograd.grad(found, (layer.weight, layer.bias), received)  # type: ignore[arg-type]
    torchs = torch.autograd.grad(expected, list(twin.parameters()), received)
    for mine, theirs in list(zip(ours, torchs, strict=True))[has_own_update(layer.rule) :]:
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-12)


def has_own_update(rule: AbstractRule) -> bool:
    return rule.updates != "C(x, g)"


def test_backprop_is_bit_identical_to_torch(generator: torch.Generator) -> None:
    layer, twin = RuleConv2d(3, 4, 3, rule=RULES["bp"]()), nn.Conv2d(3, 4, 3)
    twin.load_state_dict(layer.state_dict())
    inputs = torch.randn(2, 3, 8, 8, generator=generator)
    results = []
    for module in (layer, twin):
        x = inputs.clone().requires_grad_()
        module(x).square().sum().backward()
        results.append([x.grad, *(parameter.grad for parameter in module.parameters())])
    for mine, theirs in zip(*results, strict=True):
        assert mine is not None
        assert theirs is not None
        assert torch.equal(mine, theirs)


def test_rule_of_first_layer_changes_no_other_gradient(
    small_network: Callable[..., nn.Module],
    rule: AbstractRule,
    batch: tuple[Tensor, Tensor],
) -> None:
    images, labels = batch
    grads = []
    for first in (RULES["bp"](), rule):
        network = small_network(first, *[RULES["usf"]()] * 4)
        wirings(network)[0].aim(labels)
        nn.functional.cross_entropy(network(images), labels).backward()
        own = ("stem.weight", "stem.head.") if has_own_update(rule) else ()
        grads.append(
            [p.grad for name, p in network.named_parameters() if not name.startswith(own)]
        )
    for mine, theirs in zip(*grads, strict=True):
        assert mine is not None
        assert theirs is not None
        assert torch.equal(mine, theirs)


def test_parameters_and_state_dict_match_torch(rule: AbstractRule) -> None:
    layer, twin = RuleConv2d(4, 4, 3, rule=rule), nn.Conv2d(4, 4, 3)
    connect(layer, seed=0)
    layer(torch.randn(1, 4, 6, 6, requires_grad=True))
    own = ["kept"] if rule.saves_kept else []
    assert list(layer.state_dict()) == [*twin.state_dict(), *own]
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_copy_sends_same_signal_as_original(
    copied: Callable[[nn.Module], nn.Module], rule: AbstractRule, generator: torch.Generator
) -> None:
    network = nn.Sequential(RuleConv2d(2, 3, 3, rule=rule), RuleConv2d(3, 2, 3, rule=rule))
    connect(network, seed=9, num_classes=2).advance(learning_rate=0.1, weight_decay=0.5)
    images = torch.randn(2, 2, 6, 6, generator=generator)
    signals = []
    for twin in (network, copied(network), copied(network)):
        (wiring,) = wirings(twin)
        x = images.clone().requires_grad_()
        wiring.aim(torch.tensor([1, 0]))
        wiring.watch(twin(x).mean((2, 3))).square().sum().backward()
        assert x.grad is not None
        signals.append(x.grad)
    assert torch.equal(signals[0], signals[1])
    assert torch.equal(signals[0], signals[2])


def test_signal_does_not_depend_on_layout_or_batching(
    rule: AbstractRule, generator: torch.Generator
) -> None:
    layer = RuleConv2d(4, 4, 3, padding=1, groups=4, rule=rule).double()
    wiring = connect(layer, seed=0, num_classes=4)
    images = torch.randn(2, 4, 6, 6, dtype=torch.float64, generator=generator)
    crooked = torch.empty(2, 6, 4, 6, dtype=torch.float64).transpose(1, 2).copy_(images)

    def sent(inputs: Tensor) -> Tensor:
        x = inputs.detach().requires_grad_()
        wiring.aim(torch.arange(len(x)))
        outputs = layer(x)
        logits = wiring.watch(outputs.mean((2, 3)))
        logits.square().sum(1).mean().backward()
        assert x.grad is not None
        return x.grad

    expected = sent(images)
    assert torch.allclose(sent(images.to(memory_format=torch.channels_last)), expected, atol=1e-14)
    assert torch.allclose(sent(crooked), expected, atol=1e-14)
    if not isinstance(rule, AbstractCentredFeedback):  # these depend on the whole batch
        assert torch.allclose(sent(images[:1]) / 2, expected[:1], atol=1e-14)  # the loss is a mean


def test_unbatched_image_equals_batch_of_one(generator: torch.Generator) -> None:
    layer = RuleConv2d(3, 4, 3, rule=RULES["fa"]())
    connect(layer, seed=0)
    image = torch.randn(3, 5, 5, generator=generator)
    alone, batched = image.clone().requires_grad_(), image[None].clone().requires_grad_()
    layer(alone).sum().backward()
    layer(batched).sum().backward()
    assert alone.grad is not None
    assert batched.grad is not None
    assert torch.equal(alone.grad, batched.grad[0])


def test_sign_rules_send_nothing_through_zero_weights(generator: torch.Generator) -> None:
    for name in ("usf", "frsf", "brsf"):
        layer = RuleConv2d(3, 4, 3, rule=RULES[name]())
        connect(layer, seed=0)
        nn.init.zeros_(layer.weight)
        images = torch.randn(1, 3, 5, 5, generator=generator).requires_grad_()
        layer(images).sum().backward()
        assert images.grad is not None
        assert images.grad.count_nonzero() == 0


def test_bf16_autocast_keeps_torch_dtypes_and_approximates_float32_signal(
    rule: AbstractRule, generator: torch.Generator
) -> None:
    layer = RuleConv2d(4, 4, 3, padding=1, rule=rule)
    wiring = connect(layer, seed=0, num_classes=4)
    images = torch.randn(2, 4, 6, 6, generator=generator)
    signals = []
    for enabled in (False, True):
        x = images.clone().requires_grad_()
        wiring.aim(torch.arange(2))
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            outputs = layer(x)
        assert outputs.dtype == (torch.bfloat16 if enabled else torch.float32)
        wiring.watch(outputs.float().mean((2, 3))).square().sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == torch.float32
        assert layer.weight.grad is not None
        assert layer.weight.grad.dtype == torch.float32
        signals.append(x.grad)
    assert (signals[0] - signals[1]).norm() <= 0.02 * signals[0].norm()
    is_rounded = rule.name not in ("sdfa", "drtp", "local")  # these send signs, labels, nothing
    assert torch.equal(*signals) != is_rounded


@pytest.mark.parametrize("name", ["fa", "frsf", "brsf", "kp", "dfa"])
def test_unconnected_layer_raises_with_hint(name: str) -> None:
    layer = RuleConv2d(3, 4, 3, rule=RULES[name]())
    with pytest.raises(RuleError, match=r"under rule '.*' is not connected: call `connect"):
        layer(torch.zeros(1, 3, 5, 5, requires_grad=True))


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["bp", "fa", "usf", "frsf", "dfa"])
def test_replayed_cuda_graph_gives_same_signal(name: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    layer = RuleConv2d(4, 4, 3, padding=1, rule=RULES[name]()).cuda()
    wiring = connect(layer, seed=0)
    images = torch.randn(2, 4, 6, 6, device="cuda").requires_grad_()

    def sent() -> Tensor:
        logits = wiring.watch(layer(images).mean((2, 3)))
        return torch.autograd.grad(logits.square().sum(), images)[0]

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        expected = sent()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured = sent()
    graph.replay()
    assert torch.allclose(captured, expected, atol=1e-6)
