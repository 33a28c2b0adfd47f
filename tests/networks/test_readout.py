"""Oracle: training. Rules that are equivalent on the classifier must train it alike."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.networks import build
from evonas.rules import RULES, parameter_groups, readout_representatives
from evonas.space import Genome, Space, load

NAMES = ("fa", "usf", "bp", "hebb", "oja", "local", "pc")
REPRESENTATIVES = readout_representatives(RULES, NAMES)


def with_classifier(space: Space, name: str) -> Genome:
    """Skips and reductions under the first rule, with the classifier under ``name``."""
    genome = space.parse("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    last = [gene.name for gene in space.genes].index("classifier")
    values = list(genome.values)
    values[last] = NAMES.index(name)
    return Genome(tuple(values))


def trained(space: Space, genome: Genome) -> dict[str, Tensor]:
    """The state dict after three training steps."""
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=3, seed=0)
    optimiser = torch.optim.SGD(parameter_groups(network, learning_rate=0.1))
    images = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(12) % 3
    for _ in range(3):
        network.wiring.aim(labels)
        optimiser.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimiser.step()
        network.wiring.advance(learning_rate=0.1)
    return network.state_dict()


@pytest.mark.parametrize("name", NAMES)
def test_classifier_trains_like_its_representative_and_shares_key(name: str) -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(NAMES)
    folded = space.with_readout(REPRESENTATIVES)
    one, other = (with_classifier(space, each) for each in (name, REPRESENTATIVES[name]))
    assert folded.key(one) == folded.key(other)
    found, expected = trained(space, one), trained(space, other)
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_representative_is_first_equivalent_rule_in_choices() -> None:
    assert REPRESENTATIVES == {
        "fa": "fa", "usf": "usf", "bp": "bp",
        "hebb": "usf", "oja": "usf", "local": "usf", "pc": "bp",
    }  # fmt: skip
    assert readout_representatives(RULES, ["oja", "hebb", "kp"]) == {
        "oja": "oja", "hebb": "oja", "kp": "kp",
    }  # fmt: skip


def test_different_representatives_train_differently() -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(NAMES)
    ends = [trained(space, with_classifier(space, name)) for name in ("fa", "usf", "bp")]
    stem = next(key for key in ends[0] if key.endswith("weight"))
    assert not any(torch.equal(ends[0][stem], end[stem]) for end in ends[1:])
