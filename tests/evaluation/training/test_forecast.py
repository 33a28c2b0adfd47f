"""Forecast memory and multiply-adds; oracles: hand counts, and torch's meta device."""

import pytest

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.forecast import forecast
from evonas.networks import build, count_multiply_adds
from evonas.space import load

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"
EMPTY = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"


def test_activation_memory_is_proportional_to_the_batch() -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa",))
    genome, traits = space.parse(EMPTY), traits_of("cifar10")
    small, large = (forecast(space, genome, traits=traits, batch=batch) for batch in (64, 128))
    network = build(space, genome, input_shape=(3, 32, 32), num_classes=10, seed=0)
    of_weights = 4 * sum(parameter.nbytes for parameter in network.parameters())
    assert large.peak_bytes - of_weights == 2 * (small.peak_bytes - of_weights)
    assert small.multiply_adds == count_multiply_adds(network, input_shape=(3, 32, 32))


def test_edge_adds_the_activations_its_layers_keep() -> None:
    """In each cell, a 3x3 edge keeps its rectified input and the input of its normalisation."""
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("bp",))
    traits, batch = traits_of("cifar10"), 10
    dead, live = (
        forecast(space, space.parse(text), traits=traits, batch=batch)
        for text in (EMPTY, EMPTY.replace("none~0|+", "nor_conv_3x3~0|+").replace(
            "skip_connect~0|none~1", "skip_connect~0|skip_connect~1"))
    )  # fmt: skip
    outputs = sum(c * side**2 for c, side in ((4, 32), (8, 16), (16, 8)))
    weights = sum(9 * c * c + 2 * c for c in (4, 8, 16))
    kept = live.peak_bytes - dead.peak_bytes - 4 * 4 * weights
    statistics = 2 * 2 * (4 + 8 + 16) * 4 * batch // 2  # mean and deviation, as if per two images
    assert kept == pytest.approx(2 * outputs * 4 * batch, abs=2 * statistics)
