"""Networks compared with a literal NAS-Bench-201 network in plain torch, and their invariants."""

import random
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks import Network, build
from evonas.networks.blocks import FactorizedReduction
from evonas.rules import RULES, rule_layers
from evonas.space import Genome, Space, load, shipped, source_text

BP = ("bp",)
RESNET = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|"
MIXED = "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
DEAD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def small(name: str, rules: tuple[str, ...] = BP) -> Space:
    return load(name).resized(channels=4, cells=1).with_rules(rules)


def images(count: int = 3, side: int = 8, channels: int = 3, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, side, side, generator=generator)


def grow(space: Space, genome: Genome, *, side: int = 8, seed: int = 0) -> Network:
    return build(space, genome, input_shape=(3, side, side), num_classes=10, seed=seed)


class LiteralNetwork:
    """NAS-Bench-201's network, written out from its paper with functions and given weights."""

    def __init__(self, network: Network, text: str) -> None:
        self.weights: dict[str, Tensor] = dict(network.state_dict())
        nodes = [part.strip("|").split("|") for part in text.split("+")]
        self.edges = [[edge.split("~") for edge in node] for node in nodes]

    def norm(self, x: Tensor, name: str) -> Tensor:
        w = self.weights
        mean, variance = w[f"{name}.running_mean"], w[f"{name}.running_var"]
        scaled = (x - mean.view(1, -1, 1, 1)) / (variance.view(1, -1, 1, 1) + 1e-5).sqrt()
        return scaled * w[f"{name}.weight"].view(1, -1, 1, 1) + w[f"{name}.bias"].view(1, -1, 1, 1)

    def convolve(self, x: Tensor, name: str, *, stride: int = 1) -> Tensor:
        kernel = self.weights[f"{name}.1.weight"]
        x = F.conv2d(F.relu(x), kernel, stride=stride, padding=kernel.shape[-1] // 2)
        return self.norm(x, f"{name}.2")

    def cell(self, x: Tensor, name: str) -> Tensor:
        values = [x]
        for target, incoming in enumerate(self.edges, start=1):
            total = torch.zeros_like(x)
            for slot, (operation, source) in enumerate(incoming):
                value = values[int(source)]
                if operation.startswith("nor_conv"):
                    total = total + self.convolve(value, f"{name}.edges.{target}_{slot}")
                elif operation == "skip_connect":
                    total = total + value
                elif operation == "avg_pool_3x3":
                    total = total + F.avg_pool2d(value, 3, 1, 1, count_include_pad=False)
            values.append(total)
        return values[-1]

    def reduction(self, x: Tensor, name: str) -> Tensor:
        residual = self.convolve(self.convolve(x, f"{name}.first", stride=2), f"{name}.second")
        return F.conv2d(F.avg_pool2d(x, 2), self.weights[f"{name}.shortcut.weight"]) + residual

    def __call__(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weights["body.stem.0.weight"], padding=1)
        x = self.norm(x, "body.stem.1")
        for stage in range(3):
            if stage:
                x = self.reduction(x, f"body.reduction{stage}")
            x = self.cell(x, f"body.stage{stage}_cell0")
        x = F.relu(self.norm(x, "head.0")).mean((2, 3))
        return F.linear(x, self.weights["classifier.weight"], self.weights["classifier.bias"])


def with_random_statistics(network: Network) -> Network:
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.running_var, module.weight, module.bias):
                assert tensor is not None
                tensor.data = torch.rand(tensor.shape, generator=generator) + 0.5
    return network.eval()


@pytest.mark.parametrize("text", [RESNET, MIXED])
def test_network_matches_literal_nas_bench_201(text: str) -> None:
    space = small("nas-bench-201")
    network = with_random_statistics(grow(space, space.parse(text)))
    with torch.no_grad():
        torch.testing.assert_close(network(images()), LiteralNetwork(network, text)(images()))


def test_full_size_skeleton_has_fifteen_cells_and_two_reductions() -> None:
    space = load("nas-bench-201").with_rules(BP)
    names = [position.name for position in space.positions]
    assert sum("cell" in name for name in names) == 15
    assert sum("reduction" in name for name in names) == 2


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 9, 11)])
def test_gradients_reach_classifier_in_every_space(name: str, shape: tuple[int, int, int]) -> None:
    if name == "darts-imagenet":  # halves its images four times
        shape = (shape[0], 4 * shape[1], 4 * shape[2])
    space = small(name, tuple(RULES))
    rng = random.Random(str((name, shape)))
    genome = space.canonical(space.sample(rng))
    network = build(space, genome, input_shape=shape, num_classes=7, seed=0)
    network.wiring.aim(torch.arange(4))  # drtp and local learn from the labels
    logits = network(images(4, 8)[:, :1].expand(4, shape[0], 8, 8).new_ones(4, *shape))
    assert logits.shape == (4, 7)
    F.cross_entropy(logits, torch.arange(4)).backward()
    without = [n for n, layer in rule_layers(network).items() if layer.weight.grad is None]
    assert all("stage" in n or "reduction" in n or "stem" in n for n in without)
    classifier = network.classifier.weight.grad
    assert classifier is not None
    assert classifier.abs().sum() > 0


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("seed", range(3))
def test_layers_without_gradient_do_not_affect_logits(name: str, seed: int) -> None:
    """With rules that send a signal, every layer that affects the logits learns."""
    space, side = small(name, ("bp", "fa", "usf", "kp")), 32 if name == "darts-imagenet" else 8
    genome = space.canonical(space.sample(random.Random(seed)))
    network = grow(space, genome, side=side)
    given = images(4, side)
    logits = network(given)
    F.cross_entropy(logits, torch.arange(4)).backward()
    for layer in rule_layers(network).values():
        if layer.weight.grad is None:
            with torch.no_grad():
                layer.weight.add_(1.0)
    assert torch.equal(network(given), logits)


def test_dead_cell_gives_equal_logits_for_all_images() -> None:
    space = small("nas-bench-201")
    logits = grow(space, space.parse(DEAD)).eval()(images())
    torch.testing.assert_close(logits, logits[:1].expand_as(logits))


def test_dead_cell_can_be_trained() -> None:
    space = small("nas-bench-201")
    network = grow(space, space.parse(DEAD))
    F.cross_entropy(network(images()), torch.arange(3)).backward()
    assert network.classifier.bias.grad is not None


@pytest.mark.parametrize("seed", range(20))
def test_genomes_with_equal_key_compute_equal_functions(seed: int) -> None:
    """Where node 1 copies node 0, edges may read either of them."""
    space = small("nas-bench-201", ("bp", "fa"))
    values = list(space.sample(random.Random(seed)).values)
    names = [edge.name for edge in space.decode(Genome(tuple(values))).cells["cell"].edges]
    values[names.index("1_0")] = space.genes[0].choices.index("skip_connect")
    one = Genome(tuple(values))
    swap = {"2_0": "2_1", "2_1": "2_0", "3_0": "3_1", "3_1": "3_0"}
    index = {gene.name: at for at, gene in enumerate(space.genes)}
    swapped = list(values)
    for old, new in swap.items():
        swapped[names.index(old)] = values[names.index(new)]
        for gene, at in index.items():
            if gene.endswith(f"edge{old}"):
                swapped[at] = values[index[gene.removesuffix(old) + new]]
    other = Genome(tuple(swapped))
    assert space.key(one) == space.key(other)

    network = with_random_statistics(grow(space, one))
    twin = with_random_statistics(grow(space, other))
    renamed = {}
    for name, value in network.state_dict().items():
        for old, new in swap.items():
            if f".edges.{old}." in name:
                name = name.replace(f".edges.{old}.", f".edges.{new}.")
                break
        renamed[name] = value
    twin.load_state_dict(renamed)
    with torch.no_grad():
        torch.testing.assert_close(network(images()), twin(images()))


@pytest.mark.parametrize("seed", range(20))
def test_canonical_genome_computes_same_function(seed: int) -> None:
    space = small("nas-bench-201", ("bp", "fa"))
    genome = space.sample(random.Random(seed))
    folded = space.canonical(genome)
    network = with_random_statistics(grow(space, genome))
    twin = with_random_statistics(grow(space, folded))
    twin.load_state_dict({k: v for k, v in network.state_dict().items() if k in twin.state_dict()})
    with torch.no_grad():
        torch.testing.assert_close(network(images()), twin(images()))


def test_seed_decides_weights_and_global_rng_is_untouched() -> None:
    space = small("darts")
    genome = space.sample(random.Random(0))
    before = torch.get_rng_state()
    one, same, other = (grow(space, genome, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.classifier.weight, other.classifier.weight)


def test_cell_with_two_inputs_reads_last_two_blocks(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(source_text("tiny").replace("inputs: 1", "inputs: 2"))
    space = load(str(tmp_path / "two.yaml")).resized(channels=4, cells=1).with_rules(BP)
    network = grow(space, space.canonical(space.sample(random.Random(0))))
    given: dict[str, tuple[Tensor, ...]] = {}
    made: dict[str, Tensor] = {}
    for name, module in network.body.items():

        def keep(_: nn.Module, i: tuple[Tensor, ...], o: Tensor, name: str = name) -> None:
            given[name], made[name] = i, o

        module.register_forward_hook(keep)
    network(images())
    order = list(network.body)
    assert order == [
        "stem", "stage0_cell0", "reduction1", "stage1_cell0", "stage1_cell1",
    ]  # fmt: skip
    for at, name in enumerate(order):
        if "cell" in name:
            before = made[order[max(at - 2, 0)]]
            assert given[name][0] is before
            assert given[name][1] is made[order[at - 1]]


def test_wiring_has_seed_of_network() -> None:
    space = small("nas-bench-201")
    assert grow(space, space.parse(MIXED), seed=5).wiring.seed == 5


def test_built_in_normalisation_matches_normalised_images() -> None:
    space = small("nas-bench-201")
    mean, deviation = [0.2, 0.4, 0.6], [0.5, 1.0, 2.0]
    plain = grow(space, space.parse(MIXED)).eval()
    inside = build(
        space, space.parse(MIXED), input_shape=(3, 8, 8), num_classes=10, seed=0,
        mean=mean, deviation=deviation,
    ).eval()  # fmt: skip
    outside = (images() - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(deviation).view(
        1, 3, 1, 1
    )
    torch.testing.assert_close(inside(images()), plain(outside))


def test_factorised_reduction_reads_half_of_all_pixels_once() -> None:
    for side in (8, 9):
        block = FactorizedReduction(2, 4, rule=RULES["bp"]()).double().eval()
        image = torch.rand(1, 2, side, side, dtype=torch.double, requires_grad=True)
        out = block(image)
        assert out.shape == (1, 4, -(-side // 2), -(-side // 2))
        # the 1x1 convolutions read (even, even) and (odd, odd) pixels: half of all, each once
        gradient = torch.autograd.grad(out.sum(), image)[0]
        rows, columns = gradient.abs().sum((0, 1)).nonzero(as_tuple=True)
        assert bool((rows % 2 == columns % 2).all())
        assert len(rows) == sum(r % 2 == c % 2 for r in range(side) for c in range(side))


def test_too_small_images_are_rejected() -> None:
    space = small("nas-bench-201")
    with pytest.raises(SpaceError, match=r"at least 4 pixels a side .* got 3 x 8"):
        build(space, space.parse(MIXED), input_shape=(3, 3, 8), num_classes=10, seed=0)
