"""VGG8B of Nøkland and Eidnes (2019, arXiv 1901.06656), built of rule layers.

Six 3x3 convolutions with 128, 256, 256, 512, 512 and 512 channels, each followed by batch
normalisation and a leaky ReLU, four 2x2 max poolings, a fully connected layer of 1024 units and a
linear classifier. It has 8.9 million weights on CIFAR-10. The dropout of the paper is left out.
"""

from functools import partial

from torch import nn

from evonas.errors import SpaceError
from evonas.networks.blocks import convolution
from evonas.networks.linear import PixelsToUnits, UnitsToPixel
from evonas.networks.normalisation import BatchNorm
from evonas.networks.skeleton import SkeletonParts
from evonas.rules import Backprop, RuleLinear

LAYERS: tuple[int | None, ...] = (128, 256, None, 256, 512, None, 512, None, 512, None)
"""Channels of each convolution; None stands for a pooling layer."""
UNITS = 1024
SMALLEST_SIDE = 16  # pixels: images are halved four times
_activation = partial(nn.LeakyReLU, 0.01)


def vgg8b_parts(input_shape: tuple[int, int, int], num_classes: int) -> SkeletonParts:
    """The parts of the network; all layers have ``bp`` until they get another rule.

    Args:
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.

    Raises:
        SpaceError: the images are too small.
    """
    before, height, width = input_shape
    if min(height, width) < SMALLEST_SIDE:
        raise SpaceError(
            f"vgg8b: expected images of at least {SMALLEST_SIDE} pixels a side, got "
            f"{height} x {width}; enlarge them with --image-size"
        )
    body: dict[str, nn.Module] = {}
    for number, channels in enumerate(LAYERS):
        if channels is None:
            body[f"pool{number}"] = nn.MaxPool2d(2)
            height, width = height // 2, width // 2
            continue
        layer = convolution(before, channels, kernel=3, rule=Backprop())
        block = nn.Sequential(layer, BatchNorm(channels), _activation())
        body["stem" if not body else f"convolution{number}"] = block
        before = channels
    body["units"] = nn.Sequential(
        PixelsToUnits(),
        RuleLinear(before * height * width, UNITS, bias=False, rule=Backprop()),
        UnitsToPixel(),
        BatchNorm(UNITS),
        _activation(),
    )
    return SkeletonParts(body, nn.Identity(), RuleLinear(UNITS, num_classes, rule=Backprop()))
