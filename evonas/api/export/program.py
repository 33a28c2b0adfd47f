"""A network as a graph of torch's own operators, for any batch size."""

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from evonas.rules import true_gradient

INPUT, OUTPUT = "images", "logits"
DYNAMIC = {0: Dim("batch")}


def example_images(shape: tuple[int, int, int]) -> torch.Tensor:
    """Float images, (2, channels, height, width): a batch of one would be traced as a constant."""
    return torch.zeros(2, *shape)


def exported(network: nn.Module, shape: tuple[int, int, int]) -> ExportedProgram:
    """The forward pass in evaluation mode, without any trace of learning rules.

    Args:
        network: in evaluation mode, on the CPU.
        shape: channels, height and width of an image.
    """
    # a rule's backward pass is a custom function, which no exporter supports
    with torch.no_grad(), true_gradient(network):
        return torch.export.export(
            network, (example_images(shape),), dynamic_shapes=(DYNAMIC,), strict=False
        )
