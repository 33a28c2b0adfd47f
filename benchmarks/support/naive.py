"""Networks and a training loop as one would write them without evonas, as a baseline.

Layers are those of biotorch where it has the rule, else those of torch. Batches come from a
``DataLoader``. A cell runs all its edges, including zeros, and adds them with Python's ``sum``,
like the published code of NAS-Bench-201. Batch normalisation counts its batches. The loss is read
after every step.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from evonas.evaluation.data.images import Images
from evonas.evaluation.training.recipe import Recipe
from evonas.networks import Network, build
from evonas.networks.cell import Cell
from evonas.rules import RuleConv2d, RuleLinear
from evonas.space import CellPlan, Genome, Space

PEERS = ("fa", "usf", "frsf", "brsf")  # biotorch's dfa has no separate layers
Layer = Callable[..., nn.Module]


def biotorch_layers(rule: str) -> tuple[Layer, Layer]:
    """The convolution and linear layer of biotorch for a rule; torch's own if it has none."""
    if rule not in PEERS:
        return nn.Conv2d, nn.Linear
    import importlib

    package = importlib.import_module(f"biotorch.layers.{rule}")
    conv2d, linear = package.Conv2d, package.Linear

    # biotorch keeps a reference to the configuration, so each layer needs its own
    def config() -> dict[str, Any]:
        return {"type": rule, "options": {"init": "xavier"}}

    return (
        lambda *given, **named: conv2d(*given, **named, layer_config=config()),
        lambda *given, **named: linear(*given, **named, layer_config=config()),
    )


def plain_layers(_: str) -> tuple[Layer, Layer]:
    """Layers of torch itself, whatever the rule."""
    return nn.Conv2d, nn.Linear


class NaiveCell(nn.Module):
    """A cell that runs all edges one after another and adds them with ``sum``."""

    def __init__(self, cell: Cell, plan: CellPlan) -> None:
        super().__init__()
        self.preprocess, self.edges, self.stride = cell.preprocess, cell.edges, cell.stride
        self.plan = plan

    def forward(self, *inputs: Tensor) -> Tensor:
        """Maps one or two tensors (N, C, H, W) to the joined nodes."""
        plan = self.plan
        values = [module(value) for module, value in zip(self.preprocess, inputs, strict=True)]
        for target in range(plan.inputs, plan.inputs + plan.nodes):
            incoming = [edge for edge in plan.edges if edge.target == target]
            values.append(sum(self._run(e.name, e.source, values[e.source]) for e in incoming))
        nodes = values[plan.inputs :]
        if plan.join == "concat":
            return torch.cat(nodes, dim=1)
        return values[-1] if plan.join == "last" else torch.stack(nodes).sum(0)

    def _run(self, name: str, source: int, value: Tensor) -> Tensor:
        if name in self.edges:
            result: Tensor = self.edges[name](value)
            return result
        stride = self.stride if source < self.plan.inputs else 1
        return value[:, :, ::stride, ::stride].mul(0.0)


class NaiveNetwork(nn.Module):
    """The blocks of an evonas network in a naive network, without feedback connections."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: Network, plans: list[CellPlan | None]) -> None:
        super().__init__()
        cells = zip(network.body.items(), plans, strict=True)
        self.body = nn.ModuleDict(
            {
                name: NaiveCell(block, plan) if isinstance(block, Cell) and plan else block
                for (name, block), plan in cells
            }
        )
        self.head, self.classifier = network.head, network.classifier
        self.register_buffer("mean", network.mean)
        self.register_buffer("deviation", network.deviation)

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, C, H, W) in [0, 1] to logits (N, classes)."""
        before = value = (images - self.mean) / self.deviation
        for module in self.body.values():
            takes_two = isinstance(module, NaiveCell) and len(module.preprocess) == 2
            given = (before, value) if takes_two else (value,)
            before, value = value, module(*given)
            if module is self.body["stem"]:
                before = value
        logits: Tensor = self.classifier(F.adaptive_avg_pool2d(self.head(value), 1).flatten(1))
        return logits


def naive_network(
    space: Space,
    genome: Genome,
    *,
    layers: Callable[[str], tuple[Layer, Layer]] = biotorch_layers,
    is_literal: bool = True,
    **of_data: Any,
) -> nn.Module:
    """The network of a genome without the layers of evonas.

    Args:
        space: search space of the genome.
        genome: operations and rules of the network.
        layers: function that returns the convolution and linear layer of a rule.
        is_literal: whether cells and batch normalisation are those of the published code; if not,
            only the layers are replaced.
        of_data: further arguments of :func:`evonas.networks.build`.
    """
    network: nn.Module = build(space, genome, **of_data)
    if is_literal:
        blueprint = space.decode(genome)
        blocks = [p for p in blueprint.positions if p.kind != "classifier"]
        plans = [blueprint.cells[p.cell] if p.cell else None for p in blocks]
        assert isinstance(network, Network)
        network = NaiveNetwork(network, plans)
    for name, module in list(network.named_modules()):
        replaced = _replaced(module, layers, is_literal=is_literal)
        if replaced is not None:
            network.set_submodule(name, replaced)
    return network


def _replaced(
    module: nn.Module, layers: Callable[[str], tuple[Layer, Layer]], *, is_literal: bool
) -> nn.Module | None:
    if isinstance(module, RuleConv2d):
        m = module
        convolution, _ = layers(m.rule.name)
        return convolution(
            m.in_channels, m.out_channels, m.kernel_size, m.stride, m.padding, m.dilation,
            m.groups, bias=m.bias is not None,
        )  # fmt: skip
    if isinstance(module, RuleLinear):
        return layers(module.rule.name)[1](module.in_features, module.out_features)
    if isinstance(module, nn.BatchNorm2d) and is_literal:
        return nn.BatchNorm2d(module.num_features)
    return None


def train_naively(
    network: nn.Module, images: Images, *, recipe: Recipe, seed: int, num_workers: int = 0
) -> list[float]:
    """Train a network; returns the mean loss of every epoch."""
    dataset = TensorDataset(images.pixels.float() / 255, images.labels)
    loader: DataLoader[Any] = DataLoader(
        dataset, recipe.batch, shuffle=True, drop_last=True, num_workers=num_workers,
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip
    optimiser = torch.optim.SGD(
        [p for p in network.parameters() if p.requires_grad],
        lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay,
        nesterov=True,
    )  # fmt: skip
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=recipe.epochs)
    device = next(network.parameters()).device
    network.train()
    means = []
    for _ in range(recipe.epochs):
        total = 0.0
        for pixels, labels in loader:
            optimiser.zero_grad()
            loss = F.cross_entropy(network(pixels.to(device)), labels.to(device))
            loss.backward()
            optimiser.step()
            total += loss.item()
        means.append(total / len(loader))
        schedule.step()
    return means


def accuracy_naively(network: nn.Module, images: Images, *, batch: int = 500) -> float:
    """Share of ``images`` that the network classifies correctly."""
    loader: DataLoader[Any] = DataLoader(
        TensorDataset(images.pixels.float() / 255, images.labels), batch
    )
    device = next(network.parameters()).device
    network.eval()
    hits = 0
    with torch.no_grad():
        for pixels, labels in loader:
            hits += (network(pixels.to(device)).argmax(1) == labels.to(device)).sum().item()
    return hits / len(images)
