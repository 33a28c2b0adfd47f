"""Named networks: published sizes, versions in plain torch, whitened patches, rules by layer."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import RuleError, SpaceError
from evonas.networks import Network, count_multiply_adds, count_parameters
from evonas.networks.named.table import NETWORKS, build_named, fit_whitening
from evonas.networks.named.whitening import FLOOR
from evonas.rules import RULES, bio_share, rule_layers, true_gradient

# airbench94: 1.97 M (arXiv 2404.00498); VGG8B: 8.9 M (arXiv 1901.06656, table 2), with biases and
# normalisations counted by hand
PARAMETERS = {
    "fast-cifar10": 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2560 + 2 * (64 + 512),
    "vgg8b": 9 * (3 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 2 * 512 * 512)
    + 2048 * 1024 + 10 * 1024 + 10 + 2 * (128 + 2 * 256 + 3 * 512 + 1024),
}  # fmt: skip


def network(name: str, *rules: str, side: int = 16) -> Network:
    return build_named(
        name, rules=[RULES[rule]() for rule in rules or ("bp",)], input_shape=(3, side, side),
        num_classes=10, seed=3, mean=[0.5, 0.4, 0.3], deviation=[0.2, 0.3, 0.2],
    )  # fmt: skip


def images(count: int = 6, side: int = 16) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "millions"), [("fast-cifar10", 1.97), ("vgg8b", 8.9)])
def test_parameter_counts_match_publications(name: str, millions: float) -> None:
    found = count_parameters(network(name, side=32))
    assert found == PARAMETERS[name]
    assert found / 1e6 == pytest.approx(millions, abs=0.05)


def test_wide_network_has_the_channels_of_airbench95() -> None:
    wide = network("fast-cifar10-wide", side=32)
    expected = 9 * (24 * 128 + 128 * 128 + 128 * 384 + 3 * 384 * 384) + 384 * 10
    biases = 2 * (128 + 384 + 384)  # of the normalisations
    assert count_parameters(wide) == expected + biases


def test_multiply_adds_match_hand_count() -> None:
    fast = network("fast-cifar10", side=32)
    expected = (
        24 * 12 * 31**2 + 9 * (24 * 64 * 31**2 + 64 * 64 * 15**2 + 64 * 256 * 15**2)
        + 9 * 256 * 256 * (7**2 + 7**2 + 3**2) + 2560
    )  # fmt: skip
    assert count_multiply_adds(fast, input_shape=(3, 32, 32)) == expected
    vgg = network("vgg8b", side=32)
    expected = (
        9 * (3 * 128 + 128 * 256) * 32**2 + 9 * (256 * 256 + 256 * 512) * 16**2
        + 9 * 512 * 512 * (8**2 + 4**2) + 2048 * 1024 + 10 * 1024 + 10
    )  # fmt: skip
    assert count_multiply_adds(vgg, input_shape=(3, 32, 32)) == expected


def norm(x: Tensor, w: dict[str, Tensor], name: str, eps: float) -> Tensor:
    of = [w[f"{name}.{each}"] for each in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, of[0], of[1], of[2], of[3], eps=eps)


def literal_fast(net: Network, x: Tensor) -> Tensor:
    w = dict(net.state_dict())
    x = F.gelu(F.conv2d((x - net.mean) / net.deviation, w["body.stem.0.components"]))
    for block in range(3):
        x = F.max_pool2d(F.conv2d(x, w[f"body.block{block}_first.weight"], padding=1), 2)
        at = f"body.block{block}_second"
        x = F.gelu(norm(x, w, f"{at}.0", 1e-5))
        x = F.gelu(norm(F.conv2d(x, w[f"{at}.2.weight"], padding=1), w, f"{at}.3", 1e-5))
    return F.linear(x.amax((2, 3)) / 9, w["classifier.weight"])


def literal_vgg(net: Network, x: Tensor) -> Tensor:
    w = dict(net.state_dict())
    x = (x - net.mean) / net.deviation
    for name in ("stem", "convolution1", "P", "convolution3", "convolution4", "P", "convolution6",
                 "P", "convolution8", "P"):  # fmt: skip
        if name == "P":
            x = F.max_pool2d(x, 2)
            continue
        x = F.conv2d(x, w[f"body.{name}.0.weight"], padding=1)
        x = F.leaky_relu(norm(x, w, f"body.{name}.1", 1e-5), 0.01)
    x = (x.flatten(1) @ w["body.units.1.weight"].t())[:, :, None, None]
    x = F.leaky_relu(norm(x, w, "body.units.3", 1e-5), 0.01).flatten(1)
    return F.linear(x, w["classifier.weight"], w["classifier.bias"])


def test_networks_match_plain_torch_versions() -> None:
    with torch.no_grad():
        for name, literal in (("fast-cifar10", literal_fast), ("vgg8b", literal_vgg)):
            net = network(name, side=32)  # the last map has several positions
            fit_whitening(net, images(50, 32))
            net.train()(images(50, 32))  # so that the running statistics are not 0 and 1
            given = images(side=32)
            torch.testing.assert_close(net.eval()(given), literal(net, given))


def test_whitened_patches_are_uncorrelated_with_unit_variance() -> None:
    net = network("fast-cifar10")
    # smooth images, whose neighbouring pixels depend on each other
    smooth = F.avg_pool2d(images(200, 18), 3, stride=1)
    fit_whitening(net, smooth)
    out = F.conv2d((smooth - net.mean) / net.deviation, net.state_dict()["body.stem.0.components"])
    rows = out.movedim(1, 0).flatten(1).double()
    assert torch.equal(rows[:12], -rows[12:])
    moments = rows[:12] @ rows[:12].t() / rows.shape[1]
    variances = moments.diagonal()
    torch.testing.assert_close(
        moments - variances.diag(), torch.zeros_like(moments), atol=1e-4, rtol=0
    )
    # v / (v + FLOOR), for the variance v of a component
    assert bool((variances < 1).all())
    assert variances[0] == pytest.approx(1, abs=FLOOR)


def test_convolutions_start_as_partial_identities() -> None:
    weight = network("fast-cifar10").state_dict()["body.block1_first.weight"]
    picture = images(1).repeat(1, 22, 1, 1)[:, :64]
    out = F.conv2d(picture, weight, padding=1)
    assert torch.equal(out[:, :64], picture)
    assert not torch.equal(out[:, 64:128], picture)


def test_plain_initialisation_passes_signs_but_partial_identity_does_not() -> None:
    """A sign rule's signal fades in partial identities, but not in torch's initial weights."""
    gains = []
    for name in ("fast-cifar10", "fast-cifar10-plain"):
        net = network(name, "usf")
        fit_whitening(net, images(20))
        weights = [layer.weight for layer in rule_layers(net).values()]
        found = torch.autograd.grad(F.cross_entropy(net(images()), torch.arange(6)), weights)
        with true_gradient(net):
            exact = torch.autograd.grad(F.cross_entropy(net(images()), torch.arange(6)), weights)
        gains.append(float(found[0].norm() / exact[0].norm()))
    assert gains[0] < 1e-3
    assert gains[1] > 1


@pytest.mark.parametrize("name", ["fast-cifar10", "vgg8b"])
@pytest.mark.parametrize("rule", ["bp", "kp", "usf", "dfa", "local"])
def test_all_layers_learn_from_same_initial_weights_under_any_rule(name: str, rule: str) -> None:
    net = network(name, rule)
    fit_whitening(net, images(20))
    first = dict(network(name).named_parameters())
    assert all(torch.equal(net.get_parameter(each), value) for each, value in first.items())
    assert bio_share(net) == (rule != "bp")
    labels = torch.arange(6)
    net.wiring.aim(labels)
    torch.autograd.backward(F.cross_entropy(net(images()), labels))
    assert all(layer.weight.grad is not None for layer in rule_layers(net).values())


def test_bp_gradient_equals_true_gradient() -> None:
    net, labels = network("fast-cifar10"), torch.arange(6)
    fit_whitening(net, images(20))
    weights = [layer.weight for layer in rule_layers(net).values()]
    found = torch.autograd.grad(F.cross_entropy(net(images()), labels), weights)
    with true_gradient(net):
        exact = torch.autograd.grad(F.cross_entropy(net(images()), labels), weights)
    torch.testing.assert_close(found, exact)


def test_rules_can_differ_per_layer() -> None:
    rules = ["bp", "kp", "usf", "fa", "brsf", "frsf", "local"]
    net = network("fast-cifar10", *rules)
    found = [layer.rule.name for layer in rule_layers(net).values()]
    assert found == [*rules[:-1], RULES["local"]().for_readout().name]
    with pytest.raises(RuleError, match="one for each of its 7 layers with weights, got 2"):
        network("fast-cifar10", "bp", "kp")


def test_too_small_images_are_rejected() -> None:
    for name, least in (("fast-cifar10", 9), ("vgg8b", 16), ("resnet20", 4)):
        network(name, side=least)
        with pytest.raises(SpaceError, match=f"at least {least} pixels a side"):
            network(name, side=least - 1)
    assert set(NETWORKS) == {
        "fast-cifar10", "fast-cifar10-wide", "fast-cifar10-plain", "vgg8b", "resnet20", "resnet56",
    }  # fmt: skip
