"""The referee: AutoAttack in a separate process."""

import os
import sys

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import CandidateFailure, ConfigError, DataError
from evonas.evaluation.attacks import referee as module
from evonas.evaluation.attacks.referee import referee
from evonas.evaluation.data.images import Images

pytestmark = pytest.mark.system

EPSILON = 0.1


def linear_pair() -> tuple[nn.Module, Images, Tensor]:
    """A linear network of two classes, 30 images, and whether each is right in the whole ball."""
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(12, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(2, 12, generator=generator))
    pixels = torch.randint(0, 256, (30, 3, 2, 2), generator=generator, dtype=torch.uint8)
    flat = pixels.flatten(1) / 255
    labels = (flat @ layer.weight.data.T).argmax(1)
    labels[:3] = 1 - labels[:3]
    difference = layer.weight.data[labels] - layer.weight.data[1 - labels]
    low, high = (flat - EPSILON).clamp_min(0), (flat + EPSILON).clamp_max(1)
    worst = torch.where(difference > 0, difference * low, difference * high).sum(1)
    return nn.Sequential(nn.Flatten(), layer), Images(pixels, labels), worst > 0


def test_referee_finds_the_optimum_without_side_effects() -> None:
    pytest.importorskip("pyautoattack")
    network, images, certified = linear_pair()
    generator, trace = torch.get_rng_state(), sys.gettrace()
    found = referee(network, images, epsilon=EPSILON, num_classes=2, seed=0)
    assert found.robust.equal(certified)
    assert found.clean == pytest.approx(0.9)
    assert list(found.after) == list(found.seconds) == ["apgd-ce", "fab", "square"]
    assert found.after["square"] == pytest.approx(found.value)
    assert found.notes == {"fab": "apgd-t and fab-t need 4 classes, there are 2: fab instead"}
    assert torch.get_rng_state().equal(generator)
    assert sys.gettrace() is trace
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


class Dies(nn.Module):
    """Ends any process that calls it, except the one that created it."""

    def __init__(self) -> None:
        super().__init__()
        self.maker = os.getpid()

    def forward(self, x: Tensor) -> Tensor:
        """Logits of two classes in the creating process; exit in any other."""
        if os.getpid() != self.maker:
            os._exit(3)
        return x.flatten(1)[:, :2]


def test_dead_referee_process_is_a_candidate_failure() -> None:
    _, images, _ = linear_pair()
    with pytest.raises(CandidateFailure, match="the referee's process died"):
        referee(Dies(), images, epsilon=EPSILON, num_classes=2, seed=0)


def test_missing_package_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, images, _ = linear_pair()
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"not installed: pip install 'evonas\[robust\]'"):
        referee(network, images, epsilon=EPSILON, num_classes=2, seed=0)


def test_referee_rejects_invalid_inputs() -> None:
    pytest.importorskip("pyautoattack")
    network, images, _ = linear_pair()
    none = images.subset(torch.empty(0, dtype=torch.int64))
    with pytest.raises(DataError, match="referee: expected at least one image, got none"):
        referee(network, none, epsilon=EPSILON, num_classes=2, seed=0)
    with pytest.raises(ConfigError, match="epsilon of the referee: expected more than 0"):
        referee(network, images, epsilon=0, num_classes=2, seed=0)
    with pytest.raises(ConfigError, match="at least 2 classes"):
        referee(network, images, epsilon=EPSILON, num_classes=1, seed=0)
