"""What a network costs, without training it: trainable parameters and multiply-adds."""

from torch import nn

from evonas.networks.blocks import ResidualReduction
from evonas.networks.build import Network
from evonas.networks.cell import Cell
from evonas.networks.resnet import BasicBlock


def count_parameters(network: nn.Module) -> int:
    """The number of trainable parameters, heads of local losses included, feedback excluded."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def count_multiply_adds(network: Network, *, input_shape: tuple[int, int, int]) -> int:
    """Multiply-adds of convolutions and of the classifier for one image.

    Counted as in the NAS-Bench-201 API (Dong and Yang 2020): pooling, normalisation and additions
    are free, the classifier's bias is not, and every edge of the genome counts, live or not. Heads
    of local losses take no part in the forward pass.
    """
    height, width = input_shape[1:]
    total = _weights(network.classifier) + network.classifier.out_features
    for module in network.body.values():
        if isinstance(module, Cell):
            # preprocessing comes before the cell's own stride
            total += _weights(module.preprocess) * height * width
            if module.stride == 2:
                height, width = -(-height // 2), -(-width // 2)
            total += _weights(module.edges) * height * width
        else:
            if isinstance(module, ResidualReduction | BasicBlock) and module.stride == 2:
                height, width = -(-height // 2), -(-width // 2)
            total += _weights(module) * height * width
    return total


def _weights(module: nn.Module) -> int:
    """Weights of the convolutions and linear layers in ``module``, without biases and norms."""
    return sum(
        layer.weight.numel()
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )
