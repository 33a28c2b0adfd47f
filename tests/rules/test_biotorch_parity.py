"""biotorch 0.0.16 (Sanfiz and Akrout 2021) as an oracle where it is right, and its defects.

The first part hands biotorch's layer the feedback that ours has drawn and compares what both make
of it. The second names the defects that evonas must not share.
"""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import (
    RULES,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    UniformSign,
    connect,
    convert,
    wirings,
)
from evonas.rules.scale import sigma

pytest.importorskip("biotorch")

from biotorch.layers import brsf, dfa, fa, frsf, usf
from biotorch.module.biomodule import BioModule

PEERS = {"fa": fa, "usf": usf, "frsf": frsf, "brsf": brsf}
CONVOLUTIONS = [
    {"kernel_size": 3},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "padding": 2, "dilation": 2, "groups": 2},
    {"kernel_size": 5, "padding": 2, "groups": 4, "bias": False},
]


def give_feedback(peer: Any, feedback: Tensor, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the peer use ``feedback`` in its forward pass."""
    if name == "brsf":  # draws in every forward pass
        monkeypatch.setattr(nn.init, "xavier_uniform_", lambda tensor: tensor.copy_(feedback))
    elif name == "frsf":
        peer.weight_backward = nn.Parameter(feedback.abs(), requires_grad=False)
    elif name == "fa":
        peer.weight_backward = nn.Parameter(feedback.clone(), requires_grad=False)


def compare(ours: nn.Module, peer: nn.Module, inputs: Tensor, generator: torch.Generator) -> None:
    """Equal outputs, and equal signals and gradients, in float32."""
    received = torch.randn(ours(inputs).shape, generator=generator)
    results = []
    for layer in (ours, peer):
        x = inputs.clone().requires_grad_()
        outputs = layer(x)
        outputs.backward(received)
        assert x.grad is not None
        results.append(
            [outputs.detach(), x.grad]
            + [parameter.grad for parameter in layer.parameters() if parameter.grad is not None]
        )
    assert len(results[0]) == len(results[1])
    for mine, theirs in zip(*results, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("name", sorted(PEERS))
def test_convolutions_match_biotorch(
    name: str,
    options: dict[str, Any],
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule: Any = RULES[name]
    ours = RuleConv2d(4, 8, **options, rule=rule(scale="biotorch"))
    connect(ours, seed=0)
    peer = PEERS[name].Conv2d(4, 8, **options)
    peer.load_state_dict(ours.state_dict(), strict=False)
    give_feedback(peer, ours.feedback(), name, monkeypatch)
    compare(ours, peer, torch.randn(2, 4, 8, 7, generator=generator), generator)


@pytest.mark.parametrize("name", sorted(PEERS))
def test_linear_layers_match_biotorch(
    name: str, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule: Any = RULES[name]
    ours = RuleLinear(6, 5, rule=rule(scale="biotorch"))
    connect(ours, seed=0)
    peer = PEERS[name].Linear(6, 5)
    peer.load_state_dict(ours.state_dict(), strict=False)
    give_feedback(peer, ours.feedback(), name, monkeypatch)
    compare(ours, peer, torch.randn(3, 6, generator=generator), generator)


@pytest.mark.filterwarnings("ignore:Using a non-full backward hook")  # raised by biotorch
@pytest.mark.filterwarnings("ignore:Using non-full backward hooks")
def test_direct_feedback_of_whole_network_matches_biotorch(generator: torch.Generator) -> None:
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.Tanh(),
        nn.Conv2d(3, 4, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(64, 5),
    )
    ours = convert(copy.deepcopy(network), DirectFeedbackAlignment(norm="none"), seed=0)
    (wiring,) = wirings(ours)
    peer = BioModule(copy.deepcopy(network), mode="dfa", output_dim=5)
    images = torch.randn(4, 2, 8, 8, generator=generator)
    labels = torch.randint(0, 5, (4,), generator=generator)
    logits = wiring.watch(ours(images))
    with torch.no_grad():
        for mine, theirs in zip(ours.children(), peer.module, strict=True):
            if isinstance(mine, (RuleConv2d, RuleLinear)):
                theirs.weight_backward.copy_(mine.feedback())
    F.cross_entropy(logits, labels).backward()
    F.cross_entropy(peer(images, labels, F.cross_entropy), labels).backward()
    for mine, theirs in zip(ours.children(), peer.module, strict=True):
        for name, parameter in mine.named_parameters():
            assert parameter.grad is not None
            assert torch.allclose(parameter.grad, getattr(theirs, name).grad, atol=1e-6)


@pytest.mark.parametrize("shape", [(36, 36, 1), (36, 12, 3), (8, 8, 36)])
def test_biotorch_scale_matches_biotorch(shape: tuple[int, int, int]) -> None:
    channels_out, channels_in, groups = shape[0], shape[1] * shape[2], shape[2]
    channels_out *= groups
    peer = usf.Conv2d(channels_in, channels_out, 3, groups=groups)
    assert sigma(peer.weight, groups=groups, scale="biotorch") == pytest.approx(
        peer.scaling_factor
    )


def test_defect_depthwise_feedback_is_too_small() -> None:
    peer = usf.Conv2d(36, 36, 3, groups=36)
    assert peer.scaling_factor == pytest.approx(0.0775, abs=1e-4)
    assert sigma(peer.weight, groups=36, scale="group") == pytest.approx(1 / 3)


def test_default_sigma_matches_biotorch_kaiming_scale() -> None:
    options = {"constrain_weights": False, "gradient_clip": False, "init": "kaiming"}
    peer = usf.Conv2d(8, 12, 3, layer_config={"options": options})
    assert sigma(peer.weight) == pytest.approx(peer.scaling_factor, rel=1e-6)


def test_defect_feedback_is_a_parameter_and_is_saved() -> None:
    peer = fa.Conv2d(3, 4, 3)
    assert "weight_backward" in peer.state_dict()
    assert sum(p.numel() for p in peer.parameters()) == 2 * sum(
        p.numel() for p in nn.Conv2d(3, 4, 3).parameters()
    )
    ours = RuleConv2d(3, 4, 3, rule=FeedbackAlignment())
    assert ours.state_dict().keys() == nn.Conv2d(3, 4, 3).state_dict().keys()


def test_defect_batchwise_feedback_is_redrawn_in_every_forward_pass() -> None:
    peer = brsf.Conv2d(3, 4, 3)
    peer(torch.zeros(1, 3, 5, 5))
    before = peer.weight_backward.clone()
    peer(torch.zeros(1, 3, 5, 5))
    assert not torch.equal(peer.weight_backward, before)


def test_defect_batchwise_feedback_needs_xavier() -> None:
    options = {"constrain_weights": False, "gradient_clip": False, "init": "kaiming"}
    peer = brsf.Conv2d(3, 4, 3, layer_config={"options": options})
    with pytest.raises(NameError, match="init"):
        peer(torch.zeros(1, 3, 5, 5))


def test_defect_constrained_weights_never_train() -> None:
    options = {"constrain_weights": True, "gradient_clip": False, "init": "xavier"}
    peer = fa.Conv2d(3, 4, 3, layer_config={"options": options})
    known_to_the_optimiser = peer.weight
    peer(torch.zeros(1, 3, 5, 5)).sum().backward()
    assert peer.weight is not known_to_the_optimiser
    assert known_to_the_optimiser.grad is None


def test_defect_padding_modes_are_ignored(generator: torch.Generator) -> None:
    options: dict[str, Any] = {"padding": 1, "padding_mode": "reflect"}
    images = torch.randn(1, 3, 5, 5, generator=generator)
    torchs, peer = nn.Conv2d(3, 4, 3, **options), fa.Conv2d(3, 4, 3, **options)
    ours = RuleConv2d(3, 4, 3, **options, rule=FeedbackAlignment())
    connect(ours, seed=0)
    for layer in (ours, peer):
        layer.load_state_dict(torchs.state_dict(), strict=False)
    assert (peer(images) - torchs(images)).abs().max() > 0.1
    assert torch.equal(ours(images.requires_grad_()), torchs(images))


def test_defect_same_padding_fails_in_the_backward_pass() -> None:
    peer = fa.Conv2d(3, 4, 3, padding="same")
    outputs = peer(torch.zeros(1, 3, 5, 5, requires_grad=True))
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        outputs.sum().backward()


def test_defect_linear_layers_take_two_dimensions_only() -> None:
    peer = fa.Linear(3, 4)
    with pytest.raises(RuntimeError):
        peer(torch.zeros(2, 5, 3, requires_grad=True)).sum().backward()


@pytest.mark.filterwarnings("ignore:Using a non-full backward hook")
@pytest.mark.filterwarnings("ignore:Using non-full backward hooks")
def test_defect_direct_feedback_fails_on_depthwise_convolutions() -> None:
    peer = dfa.Conv2d(4, 4, 5, 3, groups=4, layer_config={"type": "dfa"})
    peer.loss_gradient = torch.zeros(1, 5)
    outputs = peer(torch.zeros(1, 4, 5, 5, requires_grad=True))
    with pytest.raises(RuntimeError):
        outputs.sum().backward()


def test_defect_autocast_fails_in_the_backward_pass() -> None:
    peer = fa.Conv2d(3, 4, 3)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = peer(torch.zeros(1, 3, 5, 5, requires_grad=True))
    with pytest.raises(RuntimeError, match=r"[Ee]xpected|dtype|type"):
        outputs.sum().backward()


def test_not_a_defect_zero_weights_give_zero_feedback() -> None:
    peer, ours = usf.Conv2d(3, 4, 3), RuleConv2d(3, 4, 3, rule=UniformSign())
    connect(ours, seed=0)
    for layer in (peer, ours):
        nn.init.zeros_(layer.weight)
    peer(torch.zeros(1, 3, 5, 5))
    assert torch.equal(peer.weight_backward, ours.feedback())
