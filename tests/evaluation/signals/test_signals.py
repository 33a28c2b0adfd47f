"""Signals of untrained networks; oracles: limit cases, explicit float64 formulas, laws."""

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals.genome_signals import GenomeSignals, parse_signals
from evonas.evaluation.signals.untrained.gradient_norm import log_gradient_norm
from evonas.evaluation.signals.untrained.input_jacobian import log_input_jacobian
from evonas.evaluation.signals.untrained.jacobian_covariance import K, correlation_score
from evonas.evaluation.signals.untrained.naswot import log_determinant
from evonas.evaluation.signals.untrained.probe import Probe
from evonas.evaluation.signals.untrained.synflow import log_synflow
from evonas.evaluation.signals.untrained.untrained_signals import UNTRAINED, UntrainedSignals
from evonas.networks import Network, build
from evonas.space import Genome, Space, load

SPACE = load("tiny").resized(channels=4, cells=1)
ALL = ("free", *UNTRAINED)


@pytest.fixture(scope="module")
def few() -> SearchData:
    return load_search_data("digits", seed=0, num_images=40)


def signals(data: SearchData, *, names: tuple[str, ...] = ALL, seed: int = 0) -> GenomeSignals:
    space = SPACE.with_rules(("bp", "fa", "usf"))
    return GenomeSignals(names, space, traits=data.traits, images=data.train, seed=seed)


def probe(*, seed: int = 0, images: int = 6) -> Probe:
    space = SPACE.with_rules(("bp",))
    genome = space.parse("|conv_3x3~0|+|conv_3x3~1|+|skip~2|")
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=3, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(images, 1, 8, 8, generator=generator)
    return Probe(network, pixels, torch.arange(images) % 3, seed)


def test_naswot_log_determinant_matches_explicit_kernel() -> None:
    generator = torch.Generator().manual_seed(0)
    codes = [torch.rand(5, units, generator=generator) > 0.4 for units in (7, 20)]
    whole = torch.cat(codes, dim=1)
    kernel = torch.tensor(
        [[float((a == b).sum()) for b in whole] for a in whole], dtype=torch.float64
    )
    expected = math.log(float(torch.linalg.det(kernel)))
    assert log_determinant(codes, count=5) == pytest.approx(expected, rel=1e-9)


def test_naswot_of_equal_codes_is_minus_infinity() -> None:
    code = torch.tensor([[True, False, True], [True, False, True]])
    assert log_determinant([code], count=2) == -math.inf


def test_correlation_score_ranges_from_uncorrelated_to_equal_gradients() -> None:
    # rows of a Hadamard matrix without its first are centred and orthogonal
    rows = torch.tensor([[1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], dtype=torch.float64)
    best = -3 * (math.log(1 + K) + 1 / (1 + K))
    assert correlation_score(rows) == pytest.approx(best, rel=1e-9)
    alike = torch.stack([rows[0], rows[0] * 2 + 1, rows[0] * 5])
    worst = -(math.log(3 + K) + 1 / (3 + K) + 2 * (math.log(K) + 1 / K))
    assert correlation_score(alike) == pytest.approx(worst, rel=1e-6)
    assert math.isnan(correlation_score(torch.ones(2, 4)))


def test_input_jacobian_norm_matches_the_full_jacobian() -> None:
    # one projection is exact only for one logit and one image; the mean of many comes close
    some = probe(images=3)
    network, images = some.network.double(), some.images.double()

    def logits(of: Tensor) -> Tensor:
        found: Tensor = network(of)
        return found

    jacobian = torch.autograd.functional.jacobian(logits, images)
    exact = float(jacobian.square().sum()) / len(images)
    told = [
        math.exp(log_input_jacobian(Probe(network, images, some.labels, seed)))
        for seed in range(300)
    ]
    assert sum(told) / len(told) == pytest.approx(exact, rel=0.15)


def test_gradient_norm_matches_central_differences() -> None:
    some = probe()
    network, images = some.network.double(), some.images.double()
    told = log_gradient_norm(Probe(network, images, some.labels, 0))
    square, step = 0.0, 1e-5
    with torch.no_grad():
        for parameter in network.parameters():
            flat = parameter.view(-1)
            for place in range(len(flat)):
                losses = []
                for move in (step, -2 * step):
                    flat[place] += move
                    losses.append(loss(network, images, some.labels))
                flat[place] += step
                square += ((losses[0] - losses[1]) / (2 * step)) ** 2
    assert told == pytest.approx(0.5 * math.log(square), abs=1e-3)


def test_signals_of_a_network_that_ignores_its_images() -> None:
    """Only the classifier's bias has a gradient: softmax minus the classes' equal shares."""
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("fa",))
    genome = space.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=3, seed=0)
    images = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    some = Probe(network, images, torch.arange(6) % 3, 0)
    nothing = {name: UNTRAINED[name](some) for name in ("naswot", "jacobian", "lipschitz", "zen")}
    assert nothing == dict.fromkeys(nothing, -math.inf)
    assert math.isnan(UNTRAINED["jacobian-covariance"](some))
    away = network.classifier.bias.detach().double().softmax(0) - 1 / 3
    norm = float(away.norm())
    assert norm < 1
    assert log_gradient_norm(some) == pytest.approx(math.log(norm), rel=1e-4)


def loss(network: Network, images: Tensor, labels: Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(network(images), labels))


def test_log_synflow_grows_by_the_log_of_a_layer_scale() -> None:
    plain, scaled = probe(), probe()
    with torch.no_grad():
        scaled.network.classifier.weight.mul_(-8.0)
        for each in (plain, scaled):
            each.network.classifier.bias.zero_()
    assert log_synflow(scaled) == pytest.approx(log_synflow(plain) + math.log(8.0), rel=1e-9)


def test_signals_depend_only_on_the_genome_and_are_cached(
    few: SearchData, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = signals(few), signals(few)
    space = SPACE.with_rules(("bp", "fa", "usf"))
    rng = random.Random(1)
    genomes = [space.canonical(space.sample(rng)) for _ in range(4)]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    told = [first.of(genome) for genome in genomes]
    assert torch.equal(torch.get_rng_state(), before)
    assert told[::-1] == [second.of(genome) for genome in genomes[::-1]]
    assert all(len(each) == len(first.names) == len(set(first.names)) for each in told)
    monkeypatch.setattr(UntrainedSignals, "_computed", lambda *_: pytest.fail("computed again"))
    assert [first.of(genome) for genome in genomes] == told


def test_networks_see_every_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of images come class by class, so their first images are all of one class."""
    data = load_search_data("digits", seed=0)
    ordered = data.train.subset(data.train.labels.argsort(stable=True))
    seen: list[Tensor] = []

    def noting(probe: Probe) -> float:
        seen.append(probe.labels)
        return 0.0

    monkeypatch.setitem(UNTRAINED, "naswot", noting)
    found = signals(replace(data, train=ordered), names=("naswot",))
    found.of(only(SPACE.with_rules(("bp", "fa", "usf"))))
    (labels,) = seen
    assert set(labels.bincount(minlength=10).tolist()) == {3, 4}


def test_signals_share_one_network_without_changing_it() -> None:
    shared = probe()
    before = [each.clone() for each in shared.network.state_dict().values()]
    for name in sorted(UNTRAINED):
        own = UNTRAINED[name](probe())
        assert UNTRAINED[name](shared) == pytest.approx(own, rel=1e-9), name
        assert UNTRAINED[name](shared) == pytest.approx(own, rel=1e-9), name
    after = list(shared.network.state_dict().values())
    assert all(map(torch.equal, before, after))
    assert shared.network.training


def test_signals_are_computed_on_one_thread(
    few: SearchData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(UNTRAINED, "naswot", lambda _: float(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        genome = SPACE.sample(random.Random(0))
        assert signals(few, names=("naswot",)).of(SPACE.canonical(genome)) == (1.0,)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_rules_change_only_the_transport_shares(few: SearchData) -> None:
    space = SPACE.with_rules(("bp", "fa", "usf"))
    found = signals(few)
    num_rules = sum(gene.kind == "rule" for gene in space.genes)
    values = space.parse("|conv_3x3~0|+|conv_3x3~1|+|skip~2|").values[:-num_rules]
    by_rule = [
        dict(zip(found.names, found.of(Genome(values + (rule,) * num_rules)), strict=True))
        for rule in range(3)
    ]
    shares = [(each["transports-weights"], each["transports-signs"]) for each in by_rule]
    assert shares == [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)]
    for one, other in pairwise(by_rule):
        same = {name for name in one if one[name] == other[name] or one[name] != one[name]}
        assert same >= {name for name in found.names if not name.startswith("transports")}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (("naswott",), UnknownNameError, "did you mean 'naswot'"),
        (("none", "free"), ConfigError, "expected 'none' alone"),
        (("free", "free"), ConfigError, "named twice"),
    ],
)
def test_invalid_signal_names_are_rejected(
    given: tuple[str, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parse_signals(given)


def test_none_means_no_signals() -> None:
    assert parse_signals(("none",)) == parse_signals(()) == ()
    assert parse_signals(("free", "naswot")) == ("free", "naswot")


def only(space: Space) -> Genome:
    return space.canonical(space.sample(random.Random(0)))


def test_space_of_one_rule_has_no_transport_shares(few: SearchData) -> None:
    space = SPACE.with_rules(("fa",))
    found = GenomeSignals(("free",), space, traits=few.traits, images=None)
    assert found.names == ("params", "multiply-adds")
    assert all(map(math.isfinite, found.of(only(space))))
