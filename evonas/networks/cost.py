"""Cost of a network before training: number of trainable parameters and multiply-adds."""

from collections.abc import Iterator

from torch import nn

from evonas.networks.blocks import ResidualReduction
from evonas.networks.build import Network
from evonas.networks.cell import Cell
from evonas.networks.edges.base import AbstractEdge
from evonas.networks.named.whitening import Whitening
from evonas.networks.resnet import BasicBlock
from evonas.rules import RuleLinear

Size = tuple[int, int]

POOLS = nn.MaxPool2d, nn.AvgPool2d


def count_parameters(network: nn.Module) -> int:
    """Number of trainable parameters, including heads of local losses, excluding feedback."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def count_multiply_adds(network: Network, *, input_shape: tuple[int, int, int]) -> int:
    """Multiply-adds of convolutions, linear layers and attention for one image.

    Counted as in the NAS-Bench-201 API (Dong and Yang 2020): pooling, normalisation, activations
    and additions are free, but biases count, and so does every edge of the genome, live or not.
    Heads of local losses do not count, because they take no part in the forward pass.
    """
    total = _weights(network.classifier)
    for name, module, before, after in sizes(network, input_shape=input_shape):
        height, width = after
        if name == "stem":
            total += _of_stem(module, *before)[0]
        elif isinstance(module, Cell):
            # preprocessing comes before the cell's own stride
            total += _weights(module.preprocess) * before[0] * before[1]
            for edge in module.edges.values():
                total += edge_multiply_adds(edge, before=before, after=after)
        else:
            total += _weights(module) * height * width
    return total


def _size_after(module: nn.Module, height: int, width: int) -> tuple[int, int]:
    """Height and width of a block's outputs, which are also those of its layers' outputs."""
    if isinstance(module, ResidualReduction | BasicBlock) and module.stride == 2:
        return _halved(height), _halved(width)
    if isinstance(module, nn.MaxPool2d):  # of a named network: 2x2 without padding
        return height // 2, width // 2
    if any(isinstance(each, RuleLinear) for each in module.modules()):
        return 1, 1
    return height, width


def sizes(
    network: Network, *, input_shape: tuple[int, int, int]
) -> Iterator[tuple[str, nn.Module, Size, Size]]:
    """Name and module of every block of the body, and the image size before and after it."""
    before = input_shape[1:]
    for name, module in network.body.items():
        after = before
        if name == "stem":
            _, *after_stem = _of_stem(module, *before)
            after = after_stem[0], after_stem[1]
        elif isinstance(module, Cell):
            if module.stride == 2:
                after = _halved(before[0]), _halved(before[1])
        else:
            after = _size_after(module, *before)
        yield name, module, before, after
        before = after


def edge_multiply_adds(edge: nn.Module, *, before: Size, after: Size) -> int:
    """Multiply-adds of one edge of a cell, for one image.

    Args:
        edge: module of the edge.
        before: height and width of the inputs of its cell.
        after: height and width of the outputs of its cell.
    """
    if isinstance(edge, AbstractEdge):
        height, width = before if edge.stride == 2 else after
        return edge.multiply_adds(height=height, width=width)
    # the convolution before a pool that changes the channels runs before the pool's stride
    ends_in_pool = isinstance(edge, nn.Sequential) and isinstance(edge[-1], POOLS)
    height, width = before if ends_in_pool else after
    return _weights(edge) * height * width


def _of_stem(stem: nn.Module, height: int, width: int) -> tuple[int, int, int]:
    """Multiply-adds of the stem, and height and width of its outputs."""
    total = 0
    for module in stem.modules():
        if isinstance(module, nn.Conv2d):
            if module.stride[0] == 2:
                height, width = _halved(height), _halved(width)
            total += _weights(module) * height * width
        elif isinstance(module, RuleLinear):
            height = width = 1
            total += _weights(module)
        elif isinstance(module, Whitening):
            height, width = height - 1, width - 1
            total += module.components.numel() * height * width
    return total, height, width


def _halved(side: int) -> int:
    return -(-side // 2)


def _weights(module: nn.Module) -> int:
    """Number of weights and biases of the convolutions and linear layers in ``module``."""
    return sum(
        layer.weight.numel() + (0 if layer.bias is None else layer.bias.numel())
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )
