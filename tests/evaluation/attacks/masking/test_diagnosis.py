"""Networks with gradients killed in known ways; each is flagged by the check made for it."""

import json
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.attacks.masking.diagnosis import gradient_cosine, masking, order, square_gap
from evonas.evaluation.attacks.masking.report import MEANINGS, Masking
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.data.images import FloatImages, Images, SearchData, unit_pixels
from evonas.networks import build
from evonas.rules import RULES, convert, true_gradient, wirings
from evonas.space import Space

EPSILON = Fraction(16, 255)


class Behind(nn.Module):
    """A network with a function before or after it."""

    def __init__(
        self,
        network: nn.Module,
        *,
        before: Callable[[Tensor], Tensor] = lambda x: x,
        after: Callable[[Tensor], Tensor] = lambda x: x,
    ) -> None:
        super().__init__()
        self.network, self.before, self.after = network, before, after

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.after(self.network(self.before(x)))


def straight_through(x: Tensor) -> Tensor:
    """Round to sixteen grey levels, with the gradient of the identity."""
    return x + ((15 * x).round() / 15 - x).detach()


def reversed_gradient(x: Tensor) -> Tensor:
    """The identity, with a negated gradient."""
    return 2 * x.detach() - x


@pytest.fixture(scope="module")
def images(digits: SearchData) -> Images:
    return robust_subset(digits.validation, num_images=100, seed=0)


def diagnosed(network: nn.Module, images: Images) -> Masking:
    return masking(network, images, epsilon=EPSILON, seed=0)


def test_ordinary_network_is_not_flagged(trained: nn.Module, images: Images) -> None:
    found = diagnosed(trained, images)
    assert found.flags == ()
    assert (found.surrogate_gap, found.gradient_cosine) == (None, None)


@pytest.mark.parametrize("name", ["fa", "dfa", "drtp", "local"])
def test_rule_with_weak_surrogate_gradient_is_not_flagged(
    name: str, trained: nn.Module, images: Images
) -> None:
    network = convert(trained, RULES[name](), seed=0).eval()
    (wiring,) = wirings(network)
    found = diagnosed(Behind(network, after=wiring.watch), images)
    assert found.flags == ()
    assert found.surrogate_gap is not None
    assert found.surrogate_gap > 0.1
    assert found.gradient_cosine is not None
    assert found.gradient_cosine < 0.3


def test_direct_rules_need_no_watched_logits(trained: nn.Module, images: Images) -> None:
    """``drtp`` gets the labels as targets; an attack leaves none behind."""
    network = convert(trained, RULES["drtp"](), seed=0).eval()
    assert 0.0 < abs(gradient_cosine(network, images)) < 0.3
    (wiring,) = wirings(network)
    assert wiring.bus.targets is None


def test_surrogate_gradient_does_not_depend_on_the_batch(space: Space, images: Images) -> None:
    """``pc`` is close to ``bp`` in this network, but only if it is nudged as in training."""
    space = space.resized(channels=4, cells=1).with_rules(("pc",))
    text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
    network = build(
        space, space.parse(text), input_shape=(1, 8, 8), num_classes=10, seed=0, mean=None,
        deviation=None,
    )  # fmt: skip
    together = gradient_cosine(network, images)
    assert together == pytest.approx(gradient_cosine(network, images, batch_size=1), abs=1e-4)
    assert together > 0.5
    assert gradient_cosine(Behind(network, after=torch.zeros_like), images) == 0.0


def test_bp_rule_has_no_surrogate_gap(trained: nn.Module, images: Images) -> None:
    found = diagnosed(convert(trained, RULES["bp"](), seed=0).eval(), images)
    assert found.flags == ()
    assert found.surrogate_gap == 0
    assert found.gradient_cosine == pytest.approx(1)


@pytest.mark.parametrize(
    ("killer", "flag"),
    [
        ({"before": lambda x: (15 * x).round() / 15}, "zero_gradient"),
        ({"after": torch.sign}, "zero_gradient"),
        ({"after": lambda z: z.detach() + 0 * z}, "zero_gradient"),
        ({"before": straight_through}, "grad_honesty"),
        ({"before": reversed_gradient}, "grad_honesty"),
        ({"before": reversed_gradient}, "half_range"),
        ({"after": lambda z: 1000 * z}, "saturation"),
    ],
    ids=["rounding", "sign", "cut", "straight through", "uphill", "far", "huge logits"],
)
def test_gradient_killer_is_flagged(
    killer: dict[str, Callable[[Tensor], Tensor]],
    flag: str,
    trained: nn.Module,
    images: Images,
) -> None:
    assert flag in diagnosed(Behind(trained, **killer), images).flags


def test_logit_scale_changes_only_the_saturation_check(trained: nn.Module, images: Images) -> None:
    plain, scaled = (
        diagnosed(each, images) for each in (trained, Behind(trained, after=lambda z: 1024 * z))
    )
    assert scaled.flags == ("saturation",)
    # a power of two changes no digit of the rescaled logits
    assert [c for c in plain.checks if c.name not in ("saturation", "grad_honesty")] == [
        c for c in scaled.checks if c.name not in ("saturation", "grad_honesty")
    ]


def test_network_that_needs_many_steps_has_a_step_gap(
    images: Images,
) -> None:
    """Logits that change sides only at the far end of a rippled valley, found by many steps."""
    pixels = unit_pixels(images.pixels)

    class Valley(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            ripple = (400 * x).sin().sum((1, 2, 3))
            slope = (x - pixels[:1]).sum((1, 2, 3))
            wrong = slope + ripple
            return torch.stack([torch.full_like(wrong, 42.0), wrong, wrong - 1], 1)

    zeros = FloatImages(pixels, torch.zeros_like(images.labels))
    found = masking(Valley(), zeros, epsilon=EPSILON, seed=0)
    assert (found.value("step_gap") or 0) > 0.05
    assert "step_gap" in found.flags


def test_square_gap_is_flagged_from_four_images_in_256() -> None:
    everywhere = torch.ones(256, dtype=torch.bool)
    for count, is_flagged in [(0, False), (3, False), (4, True), (256, True)]:
        fallen = torch.arange(256) >= count
        found = square_gap(everywhere, fallen)
        assert found.value == count / 256
        assert found.is_flagged is is_flagged


def test_square_gap_ignores_images_fooled_by_gradients() -> None:
    nothing, everything = torch.zeros(9, dtype=torch.bool), torch.ones(9, dtype=torch.bool)
    assert square_gap(nothing, nothing).value == 0
    assert square_gap(everything, everything).value == 0
    assert square_gap(everything, None).value is None


def test_accuracy_rising_with_radius_is_flagged_beyond_two_errors() -> None:
    # five of 100 images are gained, none lost: .05 against 2 sqrt(.05 * .95 / 100) = .0436
    near = torch.arange(100) < 50
    assert order(near, torch.arange(100) < 55).is_flagged
    assert not order(near, torch.arange(100) < 53).is_flagged
    assert order(near, torch.arange(100) < 55).threshold == pytest.approx(0.0436, abs=1e-4)
    # the same rise, as the difference of many gained and many lost
    shifted = (torch.arange(100) >= 30) & (torch.arange(100) < 85)
    assert order(near, shifted).value == pytest.approx(0.05)
    assert not order(near, shifted).is_flagged
    assert not order(near, near).is_flagged


def test_gradient_cosine_matches_per_image_computation(trained: nn.Module, images: Images) -> None:
    network = convert(deepcopy(trained), RULES["usf"](), seed=0).eval().double()
    some = FloatImages(unit_pixels(images.pixels[:6]).double(), images.labels[:6])

    def gradient(image: Tensor, label: Tensor) -> Tensor:
        image = image[None].clone().requires_grad_()
        logits = network(image)
        scaled = 5 * logits / logits.detach().abs().max()
        (found,) = torch.autograd.grad(F.cross_entropy(scaled, label[None]), image)
        return found.flatten()

    cosines = []
    for image, label in zip(some.pixels, some.labels, strict=True):
        own = gradient(image, label)
        with true_gradient(network):
            true = gradient(image, label)
        cosines.append((own @ true / own.norm() / true.norm()).item())
    expected = sum(cosines) / len(cosines)
    assert gradient_cosine(network, some, batch_size=4) == pytest.approx(expected)


def test_report_ignores_batch_size_and_survives_json(trained: nn.Module, images: Images) -> None:
    some = FloatImages(unit_pixels(images.pixels[:40]).double(), images.labels[:40])
    network = deepcopy(trained).double()
    whole, parts = (
        masking(network, some, epsilon=EPSILON, seed=0, batch_size=size) for size in (256, 7)
    )
    for one, other in zip(whole.checks, parts.checks, strict=True):
        assert one.value == pytest.approx(other.value)
    assert [check.name for check in whole.checks] == list(MEANINGS)
    assert Masking.from_document(json.loads(json.dumps(whole.as_document()))) == whole


def test_float32_only_network_is_diagnosed_without_honesty_check(
    trained: nn.Module, images: Images
) -> None:
    def single_precision(x: Tensor) -> Tensor:
        if x.dtype == torch.float64:
            raise RuntimeError("a kernel for float32 alone")
        return x

    found = diagnosed(Behind(trained, before=single_precision), images)
    assert found.value("grad_honesty") is None
    assert found.flags == ()


def test_square_gap_respects_the_given_white_box_results(
    trained: nn.Module, images: Images
) -> None:
    some = images.subset(torch.arange(30))
    fallen = torch.zeros(30, dtype=torch.bool)

    def gap(white_box: Tensor | None) -> float | None:
        found = masking(
            trained, some, epsilon=EPSILON, seed=0, white_box=white_box, black_box=fallen
        )
        return found.value("square_gap")

    assert (gap(None) or 0) > 0
    assert gap(fallen) == 0
