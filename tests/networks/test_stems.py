"""Stems: DARTS' ImageNet stem in plain torch; a fully connected stem in torch's layers."""

from random import Random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks import Network, build, count_multiply_adds, count_parameters
from evonas.networks.stems import reducing_stem
from evonas.rules import RULES, AbstractFeedbackRule
from evonas.space import Space, from_data, load, source_text
from evonas.strict_yaml import parse_yaml

BP = RULES["bp"]()


def test_reducing_stem_matches_darts_imagenet_stem() -> None:
    ours = reducing_stem(3, 8, rule=BP).double()
    # model.py of quark0/darts, NetworkImageNet.stem0
    literal = nn.Sequential(
        nn.Conv2d(3, 4, kernel_size=3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
    ).double()
    literal.load_state_dict(ours.state_dict(), strict=False)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(ours(images), literal(images))
    assert ours(images).shape == (2, 8, 8, 8)


def reducing_space() -> Space:
    text = source_text("tiny").replace("{kernel: 3, channels: 1}", "{kind: reducing}")
    space = from_data(parse_yaml(text, where="test"), where="test")
    return space.resized(channels=4, cells=1).with_rules(("fa", "usf"))


def test_reducing_stem_counts_as_two_halvings() -> None:
    space = reducing_space()
    genome = space.parse("|conv_3x3~0|+|skip~0|+|skip~1|")
    with pytest.raises(SpaceError, match=r"at least 8 pixels a side \(it halves them 3 times\)"):
        build(space, genome, input_shape=(3, 7, 9), num_classes=2, seed=0)
    assert build(space, genome, input_shape=(3, 8, 9), num_classes=2, seed=0)


def test_rule_of_reducing_stem_is_never_folded() -> None:
    same = {"fa": "bp", "usf": "bp"}
    text = source_text("nas-bench-201").replace("{kernel: 3, channels: 1}", "{kind: reducing}")
    for source, num_keys in ((text, 2), (source_text("nas-bench-201"), 1)):
        space = from_data(parse_yaml(source, where="test"), where="test").with_rules(("fa", "usf"))
        folded = space.resized(channels=4, cells=1).with_first_layer(same)
        line = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2| @ "
        rest = " fa" * (len([g for g in folded.genes if g.kind == "rule"]) - 1)
        keys = {folded.key(folded.parse(f"{line}{rule}{rest}")) for rule in ("fa", "usf")}
        assert len(keys) == num_keys


# -- fully connected networks ---------------------------------------------------------------------


def grow(text: str, *, shape: tuple[int, int, int] = (1, 8, 8)) -> Network:
    space = load("mlp").resized(channels=5).with_rules(("bp",))
    genome = space.parse(f"|linear~0| {text}")
    return build(space, genome, input_shape=shape, num_classes=3, seed=0)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(
    ("text", "units"),
    [
        (
            "stem.channels=2 stage0.channels=4 stage0.repeat=0 stage1.channels=1 stage1.repeat=0",
            [10],
        ),
        (
            "stem.channels=2 stage0.channels=4 stage0.repeat=0 stage1.channels=8 stage1.repeat=1",
            [10, 40],
        ),
        (
            "stem.channels=1 stage0.channels=4 stage0.repeat=1 stage1.channels=2 stage1.repeat=1",
            [5, 20, 10],
        ),
    ],
)
def test_mlp_matches_torch_linear_layers(text: str, units: list[int], activation: str) -> None:
    network = grow(f"activation={activation} {text}", shape=(1, 6, 7)).double()
    act = {"relu": nn.ReLU, "tanh": nn.Tanh}[activation]
    layers: list[nn.Module] = [nn.Flatten()]
    for width, after in zip([42, *units], [*units, 3], strict=True):
        layers += [nn.Linear(width, after), act()]
    literal = nn.Sequential(*layers[:-1]).double()
    ours = list(network.parameters())
    for mine, its in zip(ours, literal.parameters(), strict=True):
        its.data.copy_(mine.data)
    images = torch.rand(4, 1, 6, 7, generator=torch.Generator().manual_seed(1)).double()
    torch.testing.assert_close(network(images), literal(images))
    assert count_parameters(network) == sum(p.numel() for p in literal.parameters())
    # each weight and bias counts once
    assert count_multiply_adds(network, input_shape=(1, 6, 7)) == count_parameters(network)
    labels = torch.tensor([0, 1, 2, 1])
    for each in (network, literal):
        F.cross_entropy(each(images), labels).backward()
    for mine, its in zip(ours, literal.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad)


def test_feedback_alignment_of_mlp_matches_hand_computation() -> None:
    space = load("mlp").resized(channels=5).with_rules(("fa",))
    genome = space.parse(
        "|linear~0| activation=tanh stem.channels=2 stage0.channels=1 stage0.repeat=0 "
        "stage1.channels=1 stage1.repeat=0"
    )
    network = build(space, genome, input_shape=(1, 4, 4), num_classes=3, seed=0).double()
    stem_weight, stem_bias, top, bias = network.parameters()
    images = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(1)).double()
    labels = torch.tensor([0, 1, 2, 1, 0, 2])
    F.cross_entropy(network(images), labels).backward()
    rows = images.flatten(1)
    hidden = torch.tanh(rows @ stem_weight.T + stem_bias)
    error = (hidden @ top.T + bias).softmax(1) - F.one_hot(labels, 3)
    layer = network.classifier
    assert isinstance(layer.rule, AbstractFeedbackRule)
    feedback = layer.rule.current(layer).double()
    sent: Tensor = (error / 6) @ feedback * (1 - hidden**2)
    torch.testing.assert_close(top.grad, (error / 6).T @ hidden)
    torch.testing.assert_close(stem_weight.grad, sent.T @ rows)
    assert not torch.allclose(feedback, top)


def test_imagenet_space_has_stem_and_layers_of_darts() -> None:
    """14 layers of 48 channels (Liu, Simonyan and Yang 2019); cells start at quarter size."""
    space = load("darts-imagenet")
    cells = [position for position in space.positions if position.cell]
    assert (len(cells), space.channels) == (14, 48)
    assert [position.channels for position in cells if position.is_strided] == [96, 192]
    assert space.halvings == 4  # two of the stem, two of the reductions
    small = space.resized(channels=4, cells=1).with_rules(("bp",))
    genome = small.canonical(small.sample(Random(0)))
    network = build(small, genome, input_shape=(3, 64, 64), num_classes=10, seed=0)
    after_stem = network.body["stem"](torch.zeros(2, 3, 64, 64))
    assert after_stem.shape == (2, 4, 16, 16)
