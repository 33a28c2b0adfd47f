"""Alternating flips; oracles: their law over two epochs, images themselves, uninterrupted runs."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.final.data import FinalData
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.flips import AlternatingFlips
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.training.augment import FramedImages, cut, frame, plan_epoch
from evonas.networks import Network
from evonas.networks.named.table import build_named, fit_whitening
from evonas.rules import KolenPollack

TRAITS = Traits(
    name="synthetic", num_classes=4, shape=(3, 12, 12), mean=(0.5,) * 3, std=(0.2,) * 3,
    crop_padding=1, flip=True, validation_share=0.2, epochs=3, batch=10,
)  # fmt: skip
ALTERNATING = FinalRecipe(
    description="", epochs=3, batch=10, learning_rate=0.1, flips="alternating", validation_share=0
)


def images(*, flip: bool = True, padding: int = 1, number: int = 40) -> FramedImages:
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(256, (number, *TRAITS.shape), generator=generator, dtype=torch.uint8)
    labels = torch.arange(number) % TRAITS.num_classes
    traits = replace(TRAITS, flip=flip, crop_padding=padding)
    return frame(Images(pixels, labels), traits=traits)


def plans(framed: FramedImages, *, epochs: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    flips = AlternatingFlips(framed, seed=seed)
    return [
        flips.applied(plan_epoch(framed, batch=10, generator=generator), epoch=epoch)
        for epoch in range(epochs)
    ]


def mirrored(plan: torch.Tensor) -> dict[int, int]:
    """Whether each image is mirrored, by its number."""
    return dict(zip(plan[:, 0].flatten().tolist(), plan[:, 3].flatten().tolist(), strict=True))


def test_each_image_is_mirrored_in_exactly_one_of_two_consecutive_epochs() -> None:
    epochs = [mirrored(plan) for plan in plans(images(), epochs=5)]
    for before, after in pairwise(epochs):
        assert all(before[image] + after[image] == 1 for image in range(40))


def test_about_half_of_the_images_begin_mirrored_and_the_seed_decides_which() -> None:
    many = images(number=1000)
    first, other = (mirrored(plans(many, epochs=1, seed=seed)[0]) for seed in (0, 1))
    assert 440 < sum(first.values()) < 560  # within four standard deviations of 500
    assert first != other


def test_two_epochs_show_an_image_as_it_is_and_as_its_mirror_image() -> None:
    framed = images(padding=0)
    seen: dict[int, list[torch.Tensor]] = {}
    for plan in plans(framed, epochs=2):
        for step in plan:
            for image, pixels in zip(step[0].tolist(), cut(framed, step)[0], strict=True):
                seen.setdefault(image, []).append(pixels)
    for first, second in seen.values():
        assert torch.equal(first, second.flip(2))


def test_order_and_crops_are_those_of_random_flips() -> None:
    framed = images()
    plain = plan_epoch(framed, batch=10, generator=torch.Generator().manual_seed(0))
    (alternating,) = plans(framed, epochs=1)
    assert torch.equal(plain[:, :3], alternating[:, :3])


@pytest.mark.parametrize("padding", [0, 1])
def test_images_that_must_not_be_mirrored_never_are(padding: int) -> None:
    framed = images(flip=False, padding=padding)
    for plan in plans(framed, epochs=2):
        assert plan.shape[1] == (4 if padding else 1)
        assert not plan[:, 3:].any()


def network(framed: FramedImages) -> Network:
    made = build_named(
        "fast-cifar10", rules=[KolenPollack()], input_shape=TRAITS.shape, num_classes=4, seed=0
    )
    fit_whitening(made, framed.pixels.permute(0, 3, 1, 2) / 255)
    return made


def test_an_interrupted_training_continues_with_the_same_flips() -> None:
    framed = images()
    data = FinalData(TRAITS, framed, None)
    whole = FinalTraining(network(framed), data, ALTERNATING, seed=5)
    states: list[bytes] = []
    whole.run(lambda: states.append(whole.checkpoint()))
    for state in states:
        resumed = FinalTraining(network(framed), data, ALTERNATING, seed=5)
        resumed.restore(state)
        resumed.run(lambda: None)
        assert [each.loss for each in resumed.epochs] == [each.loss for each in whole.epochs]
    random = FinalTraining(network(framed), data, replace(ALTERNATING, flips="random"), seed=5)
    random.run(lambda: None)
    assert [each.loss for each in random.epochs] != [each.loss for each in whole.epochs]
