"""Small convolutional network that learns CIFAR-10 in few epochs.

It is airbench94 (Keller Jordan 2024, arXiv 2404.00498, section 3), built of rule layers: a fixed
stem that whitens 2x2 patches, three blocks of two 3x3 convolutions with 64, 256 and 256 channels,
GELU, max pooling, batch normalisation without a scale, and convolutions initialised as partial
identities. The trained bias of the stem and half precision are left out. The eps of the
normalisations is torch's 1e-5 instead of 1e-12, with which ``kp`` diverged on small images.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from evonas.errors import SpaceError
from evonas.networks.blocks import convolution
from evonas.networks.named.whitening import Whitening
from evonas.networks.normalisation import BatchNorm
from evonas.networks.skeleton import SkeletonParts
from evonas.rules import Backprop, RuleConv2d, RuleLinear

WIDTHS = (64, 256, 256)
MORE_WIDTHS = (128, 384, 384)  # of airbench95
SMALLEST_SIDE = 9  # pixels: the stem removes one, and the rest is halved three times
LOGIT_SCALE = 1 / 9
NORM_MOMENTUM = 0.4  # as defined by torch: the weight of the newest batch


class Scale(nn.Module):
    """Multiplies by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, inputs: Tensor) -> Tensor:
        """Multiply inputs of any shape by the factor."""
        return inputs * self.factor


def fast_cifar_parts(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    widths: Sequence[int] = WIDTHS,
    has_identities: bool = True,
) -> SkeletonParts:
    """The parts of the network; all layers have ``bp`` until they get another rule.

    Args:
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        widths: number of channels of each block.
        has_identities: whether convolutions are initialised as partial identities. Rules that send
            signs lose their signal there, because the large weights of the identity are sent with
            the same small magnitude as all other weights of the layer (docs/training.md).

    Raises:
        SpaceError: the images are too small.
    """
    if min(input_shape[1:]) < SMALLEST_SIDE:
        raise SpaceError(
            f"fast-cifar10: expected images of at least {SMALLEST_SIDE} pixels a side, got "
            f"{input_shape[1]} x {input_shape[2]}; enlarge them with --image-size"
        )
    whitening = Whitening(input_shape[0])
    body: dict[str, nn.Module] = {"stem": nn.Sequential(whitening, nn.GELU())}
    before = whitening.out_channels
    for number, width in enumerate(widths):
        body[f"block{number}_first"] = _convolution(before, width, has_identities)
        body[f"block{number}_pool"] = nn.MaxPool2d(2)
        second = _convolution(width, width, has_identities)
        body[f"block{number}_second"] = nn.Sequential(
            _norm(width), nn.GELU(), second, _norm(width), nn.GELU()
        )
        before = width
    # the maximum of each channel; for 32 x 32 images this equals airbench94's 3 x 3 pooling
    head = nn.Sequential(nn.AdaptiveMaxPool2d(1), Scale(LOGIT_SCALE))
    return SkeletonParts(body, head, RuleLinear(before, num_classes, bias=False, rule=Backprop()))


def _convolution(in_channels: int, out_channels: int, has_identity: bool) -> RuleConv2d:
    """A convolution with torch's initialisation, or whose first outputs equal its inputs."""
    layer = convolution(in_channels, out_channels, kernel=3, rule=Backprop())
    if has_identity:
        nn.init.dirac_(layer.weight.data[:in_channels])
    return layer


def _norm(channels: int) -> BatchNorm:
    norm = BatchNorm(channels, momentum=NORM_MOMENTUM)
    norm.weight.requires_grad_(False)
    return norm
