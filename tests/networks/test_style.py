"""Activations and normalisations of a space compared with their formulas."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks import Network, build
from evonas.networks.style import ACTIVATIONS, NORMALISATIONS, Style, group_norm
from evonas.space import Space, from_data, source_text
from evonas.space.keys import choices
from evonas.strict_yaml import parse_yaml

IMAGES = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def styled(activation: str, normalisation: str) -> Space:
    text = source_text("nas-bench-201")
    text += f"activation: {activation}\nnormalisation: {normalisation}\n"
    space = from_data(parse_yaml(text, where="test"), where="test")
    return space.resized(channels=4, cells=1).with_rules(("bp",))


def grow(space: Space) -> Network:
    genome = space.parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|")
    return build(space, genome, input_shape=(3, 8, 8), num_classes=5, seed=0).double()


def written_out(network: Network, activation: str, normalisation: str) -> Tensor:
    """The same network computed by formulas from its weights, from stem to head."""
    state: dict[str, Tensor] = dict(network.state_dict())
    act: Callable[[Tensor], Tensor] = {
        "relu": lambda x: x.clamp_min(0),
        "gelu": lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)),
        "silu": lambda x: x / (1 + torch.exp(-x)),
        "tanh": lambda x: 1 - 2 / (torch.exp(2 * x) + 1),
        "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    }[activation]

    def norm(x: Tensor, name: str) -> Tensor:
        if normalisation == "none":
            return x
        groups = {"batch": 0, "group": x.shape[1] // 4, "layer": 1}[normalisation]
        if groups:
            parts = x.reshape(len(x), groups, -1)
            mean, variance = parts.mean(2, keepdim=True), parts.var(2, correction=0, keepdim=True)
            x = ((parts - mean) / (variance + 1e-5).sqrt()).reshape(x.shape)
        else:  # the statistics of the batch, in training
            mean = x.mean((0, 2, 3), keepdim=True)
            x = (x - mean) / (x.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        scale, shift = (state[f"{name}.{each}"].view(-1, 1, 1) for each in ("weight", "bias"))
        scaled: Tensor = x * scale + shift
        return scaled

    def convolve(x: Tensor, name: str, next_name: str, *, stride: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        x = F.conv2d(
            x, weight, state.get(f"{name}.bias"), stride=stride, padding=weight.shape[-1] // 2
        )
        return norm(x, next_name)

    def block(x: Tensor, name: str, *, stride: int = 1) -> Tensor:
        return convolve(act(x), f"{name}.1", f"{name}.2", stride=stride)

    x = convolve(IMAGES, "body.stem.0", "body.stem.1")
    for stage in range(3):
        if stage:
            name = f"body.reduction{stage}"
            residual = block(block(x, f"{name}.first", stride=2), f"{name}.second")
            x = F.conv2d(F.avg_pool2d(x, 2), state[f"{name}.shortcut.weight"]) + residual
        x = block(x, f"body.stage{stage}_cell0.edges.1_0")
    x = act(norm(x, "head.0")).mean((2, 3))
    return F.linear(x, state["classifier.weight"], state["classifier.bias"])


@pytest.mark.parametrize("activation", choices.ACTIVATIONS)
@pytest.mark.parametrize("normalisation", choices.NORMALISATIONS)
def test_network_applies_activation_and_normalisation_of_space(
    activation: str, normalisation: str
) -> None:
    if normalisation != "batch" and activation not in ("relu", "tanh"):
        pytest.skip("each of the others once")
    network = grow(styled(activation, normalisation))
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        if parameter.dim() == 1:  # norms and biases, which start as ones and zeros
            parameter.data = torch.rand(parameter.shape, generator=generator).double() + 0.5
    with torch.no_grad():
        expected = written_out(network, activation, normalisation)
        torch.testing.assert_close(network(IMAGES), expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_module_equals_activation_function(name: str) -> None:
    style = Style(activation=name)
    torch.testing.assert_close(style.make_activation()(IMAGES - 0.5), style.activate(IMAGES - 0.5))


def test_yaml_choices_equal_buildable_styles() -> None:
    assert tuple(ACTIVATIONS) == choices.ACTIVATIONS
    assert tuple(NORMALISATIONS) == choices.NORMALISATIONS


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 12, 16, 24, 32, 40, 64, 100])
def test_group_norm_has_four_channels_per_group_if_possible(channels: int) -> None:
    groups = group_norm(channels).num_groups
    assert channels % groups == 0
    assert groups <= 8
    assert channels // groups >= 4 or groups == 1


def test_convolutions_have_bias_only_without_normalisation() -> None:
    plain, bare = (grow(styled("relu", each)) for each in ("batch", "none"))
    for network, has_bias in ((plain, False), (bare, True)):
        layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
        shortcuts = [network.body[f"reduction{stage}"].shortcut for stage in (1, 2)]
        for layer in layers:
            assert (layer.bias is not None) == (has_bias and layer not in shortcuts)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in bare.modules())
