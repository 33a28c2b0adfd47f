"""Inverted bottlenecks and squeeze-and-excitation compared with torchvision's (MobileNetV2)."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops import SqueezeExcitation

from evonas.evaluation.energy.trace import trace
from evonas.networks.edges.mbconv import InvertedBottleneck, SqueezeExcite
from evonas.networks.style import Style
from evonas.rules import RULES, Segment, connect

BP = RULES["bp"]()
SMALL = torch.rand(2, 4, 9, 9, generator=torch.Generator().manual_seed(0)).double() * 0.5


def block(
    out_channels: int, *, expansion: int, stride: int, squeeze: int = 0, rule: str = "bp"
) -> InvertedBottleneck:
    made = InvertedBottleneck(
        4, out_channels, kernel=3, expansion=expansion, squeeze=squeeze, stride=stride,
        rule=RULES[rule](), style=Style(),
    )  # fmt: skip
    connect(made, seed=0, num_classes=3)
    return made.double()


@pytest.mark.parametrize("expansion", [1, 3])
@pytest.mark.parametrize(("out_channels", "stride"), [(4, 1), (6, 1), (4, 2), (6, 2)])
def test_outputs_match_torchvision_inverted_residual(
    out_channels: int, stride: int, expansion: int
) -> None:
    ours = block(out_channels, expansion=expansion, stride=stride)
    # torchvision's ReLU6 equals ReLU below 6; normalised values of so few pixels stay below
    theirs = InvertedResidual(4, out_channels, stride, expansion).double()
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        its.data.copy_(mine.data)
    torch.testing.assert_close(ours(SMALL), theirs(SMALL))
    assert ours.adds_input == theirs.use_res_connect


def test_gates_match_torchvision_squeeze_excitation() -> None:
    ours = SqueezeExcite(8, 2, rule=BP, style=Style()).double()
    theirs = SqueezeExcitation(8, 2).double()
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        its.data.copy_(mine.data)
    images = torch.randn(2, 8, 5, 5, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(ours(images), theirs(images))


def test_gates_sit_between_depthwise_and_last_convolution() -> None:
    kinds = [type(module).__name__ for module in block(6, expansion=2, stride=1, squeeze=4).layers]
    gates = kinds.index("SqueezeExcite")
    assert [k for k in kinds[:gates] if k == "RuleConv2d"] == ["RuleConv2d"] * 2
    assert kinds[gates + 1 :] == ["RuleConv2d", "BatchNorm"]
    assert isinstance(block(6, expansion=2, stride=1).layers, Segment)
    hidden = block(6, expansion=2, stride=1, squeeze=4).layers[gates]
    assert isinstance(hidden, SqueezeExcite)
    assert hidden.reduce.out_channels == 4 * 2 // 4


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("squeeze", [0, 2])
def test_multiply_adds_are_half_of_torch_flops(stride: int, squeeze: int, side: int) -> None:
    made = block(6, expansion=3, stride=stride, squeeze=squeeze).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        made(SMALL[:1, :, :side, :side])
    biases = sum(layer.bias.numel() for layer in made.modules()
                 if isinstance(layer, nn.Conv2d) and layer.bias is not None)  # fmt: skip
    counted = made.multiply_adds(height=side, width=side)
    assert counted - biases == counter.get_total_flops() // 2


@pytest.mark.parametrize("rule", ["fa", "usf", "dfa", "kp", "local", "pc", "hebb"])
@pytest.mark.parametrize("squeeze", [0, 2])
def test_every_parameter_gets_finite_gradient_under_each_rule(rule: str, squeeze: int) -> None:
    made = InvertedBottleneck(
        4, 4, kernel=3, expansion=2, squeeze=squeeze, stride=1, rule=RULES[rule](), style=Style()
    )
    readout = nn.Sequential(made, nn.Flatten(), nn.Linear(4 * 81, 3))
    wiring = connect(readout, seed=0, num_classes=3)
    labels = torch.tensor([0, 2])
    wiring.aim(labels)
    logits: Tensor = wiring.watch(readout(SMALL.float()))
    nn.functional.cross_entropy(logits, labels).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all()), name


def test_residual_sum_and_gates_are_traced_as_work() -> None:
    parts = trace(block(4, expansion=2, stride=1, squeeze=2).float(), input_shape=(4, 6, 6)).parts
    sums = [part for part in parts if part.kind == "sum"]
    assert [(each.outputs, each.joined_backward) for each in sums] == [(144, 144)]
    gates = [part for part in parts if part.kind == "gates"]
    assert [(each.inputs, each.channels) for each in gates] == [(288, 8)]
