"""ResNets compared with He et al. (2016), with plain torch, and with counts by layer."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks import Network, count_multiply_adds, count_parameters
from evonas.networks.named.table import build_named
from evonas.networks.resnet import DEPTHS, resnet_parts
from evonas.rules import RULES, bio_share, rule_layers, true_gradient

# published: 0.27 M and 0.85 M; exactly the sum over the layers of Table 6 and section 4.2
PARAMETERS = {"resnet20": 269_722, "resnet56": 853_018}


def resnet(
    name: str = "resnet20", rule: str = "bp", *, channels: int = 3, side: int = 8
) -> Network:
    return build_named(
        name, rules=[RULES[rule]()], input_shape=(channels, side, side), num_classes=10, seed=3
    )


@pytest.mark.parametrize("name", DEPTHS)
def test_depth_and_parameters_match_publication(name: str) -> None:
    network = resnet(name, side=32)
    assert len(rule_layers(network)) == DEPTHS[name]
    assert count_parameters(network) == PARAMETERS[name]
    blocks = (DEPTHS[name] - 2) // 6
    assert len(network.body) == 1 + 3 * blocks


def test_multiply_adds_match_hand_count() -> None:
    stem, head = 3 * 16 * 9 * 32**2, 64 * 10 + 10
    first = 6 * 16 * 16 * 9 * 32**2
    second = (16 * 32 + 5 * 32 * 32) * 9 * 16**2
    third = (32 * 64 + 5 * 64 * 64) * 9 * 8**2
    expected = stem + first + second + third + head
    assert count_multiply_adds(resnet(side=32), input_shape=(3, 32, 32)) == expected


def literal(network: Network, x: Tensor) -> Tensor:
    """ResNet-20 written out with functions and the network's weights."""
    w = dict(network.state_dict())

    def norm(x: Tensor, name: str) -> Tensor:
        return F.batch_norm(
            x, w[f"{name}.running_mean"], w[f"{name}.running_var"], w[f"{name}.weight"],
            w[f"{name}.bias"],
        )  # fmt: skip

    x = F.relu(norm(F.conv2d(x, w["body.stem.0.weight"], padding=1), "body.stem.1"))
    for stage in range(3):
        for block in range(3):
            at = f"body.stage{stage}_block{block}.residual"
            stride = 2 if stage > 0 and block == 0 else 1
            y = F.conv2d(x, w[f"{at}.0.weight"], stride=stride, padding=1)
            y = F.relu(norm(y, f"{at}.1"))
            y = norm(F.conv2d(y, w[f"{at}.3.weight"], padding=1), f"{at}.4")
            short = torch.zeros_like(y)
            short[:, : x.shape[1]] = x[:, :, ::stride, ::stride]
            x = F.relu(y + short)
    return F.linear(x.mean((2, 3)), w["classifier.weight"], w["classifier.bias"])


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (1, 9), (3, 32)])
def test_outputs_match_resnet20_in_plain_torch(channels: int, side: int) -> None:
    network = resnet(channels=channels, side=side)
    images = torch.rand(4, channels, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.train()(images)  # so that the running statistics are not 0 and 1
        torch.testing.assert_close(network.eval()(images), literal(network, images))


def test_shortcuts_have_no_weights() -> None:
    network = resnet()
    weighted = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weighted) == len(rule_layers(network)) == 20


def test_initial_weights_do_not_depend_on_rule() -> None:
    own = dict(resnet().named_parameters())
    for rule in RULES:
        other = dict(resnet(rule=rule).named_parameters())
        assert all(torch.equal(other[name], value) for name, value in own.items()), rule


@pytest.mark.parametrize("rule", list(RULES))
def test_every_layer_gets_gradient_under_each_rule(rule: str) -> None:
    network = resnet(rule=rule, channels=1)
    expected = {type(RULES[rule]()), type(RULES[rule]().for_readout())}
    assert {type(layer.rule) for layer in rule_layers(network).values()} <= expected
    images, labels = torch.rand(8, 1, 8, 8), torch.arange(8)
    network.wiring.aim(labels)
    torch.autograd.backward(F.cross_entropy(network(images), labels))
    gradients = [layer.weight.grad for layer in rule_layers(network).values()]
    assert all(gradient is not None for gradient in gradients)


def test_bp_resnet_has_true_gradient_and_zero_bio_share() -> None:
    network = resnet()
    assert bio_share(network) == 0.0
    images, labels = torch.rand(4, 3, 8, 8), torch.arange(4)
    parameters = list(network.parameters())
    found = torch.autograd.grad(F.cross_entropy(network(images), labels), parameters)
    with true_gradient(network):
        exact = torch.autograd.grad(F.cross_entropy(network(images), labels), parameters)
    torch.testing.assert_close(found, exact)


def test_too_small_images_and_invalid_depths_are_rejected() -> None:
    with pytest.raises(SpaceError, match="at least 4 pixels a side, got 3 x 3"):
        resnet(side=3)
    with pytest.raises(ValueError, match="6n \\+ 2"):
        resnet_parts(21, (3, 8, 8), 10)
