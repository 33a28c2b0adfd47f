"""One-Pixel; oracles: explicit differential evolution, exhaustive search, torchattacks."""

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.attacks.black_box.one_pixel import (
    num_one_pixel_numbers,
    one_pixel,
    three_distinct,
    with_pixels,
)
from evonas.evaluation.attacks.random_numbers import standard_normal, uniform_rows


def attack(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    pixels: int = 1,
    population: int = 60,
    generations: int = 15,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return the robust mask and the adversarial images."""
    count = num_one_pixel_numbers(
        images.shape[1], num_pixels=pixels, population=population, num_generations=generations
    )
    numbers = uniform_rows(range(len(images)), count, seed=seed, name="one-pixel")
    found = one_pixel(
        network, images, labels, num_pixels=pixels, numbers=numbers, population=population,
        num_generations=generations,
    )  # fmt: skip
    return found.robust, found.adversarial


@torch.no_grad()
def exhausted(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Whether any of 33 values at any single pixel of a grey image fools the network."""
    breaks = torch.zeros(len(images), dtype=torch.bool)
    for i, image in enumerate(images):
        changed = image.flatten().repeat(33 * image.numel(), 1)
        place = torch.arange(image.numel()).repeat_interleave(33)
        values = torch.linspace(0, 1, 33).repeat(image.numel())
        changed[torch.arange(len(changed)), place] = values
        breaks[i] = (network(changed.view(-1, *image.shape)).argmax(1) != labels[i]).any()
    return breaks


def test_one_pixel_nearly_matches_exhaustive_search(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch[0][:40], batch[1][:40]
    with torch.no_grad():
        correct = trained(images).argmax(1) == labels
    fragile = exhausted(trained, images, labels) & correct
    robust, shown = attack(trained, images, labels)
    assert 8 <= int(fragile.sum()) <= 32
    assert int((robust & fragile).sum()) <= 2
    assert int((~robust & correct & ~fragile).sum()) <= 1  # by a value between two of the 33
    with torch.no_grad():
        assert (trained(shown).argmax(1) == labels).equal(robust)


@pytest.mark.parametrize("pixels", [1, 3, 5])
def test_one_pixel_changes_at_most_num_pixels(
    trained: nn.Module, batch: tuple[Tensor, Tensor], pixels: int
) -> None:
    images, labels = batch[0][:12], batch[1][:12]
    _, shown = attack(trained, images, labels, pixels=pixels, population=20, generations=4)
    changed = (shown != images).any(1).flatten(1).sum(1)
    assert changed.max() <= pixels
    assert changed.max() >= min(pixels, 3)
    assert shown.min() >= 0
    assert shown.max() <= 1


def test_one_pixel_matches_explicit_differential_evolution(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    """Same random numbers, one member at a time; the paper's fitness, p of the right class."""
    image, label, population, generations = batch[0][0], int(batch[1][0]), 5, 12
    count = num_one_pixel_numbers(
        1, num_pixels=1, population=population, num_generations=generations
    )
    numbers = torch.rand(1, count, generator=torch.Generator().manual_seed(1))
    first, later = numbers[0, : 3 * population], numbers[0, 3 * population :]
    double = nn.Sequential(*trained.children()).double()
    image = image.double()

    def seen(member: list[float]) -> float:
        changed = image.clone()
        changed[0, min(int(member[0] * 8), 7), min(int(member[1] * 8), 7)] = member[2]
        with torch.no_grad():
            return float(double(changed[None]).softmax(1)[0, label])

    try:
        normal = torch.distributions.Normal(128 / 255, 127 / 255)
        members = [
            [float(y), float(x), min(max(float(normal.icdf(value.double())), 0.0), 1.0)]
            for y, x, value in first.view(population, 3)
        ]
        fitness = [seen(member) for member in members]
        shown = list(zip(fitness, members, strict=True))
        for generation in later.view(generations, population, 3):
            children = []
            for u, v, w in generation.tolist():
                a = int(u * population)
                b = [k for k in range(population) if k != a][int(v * (population - 1))]
                c = [k for k in range(population) if k not in (a, b)][int(w * (population - 2))]
                child = [
                    min(max(p + 0.5 * (q - r), 0.0), 1.0)
                    for p, q, r in zip(members[a], members[b], members[c], strict=True)
                ]
                children.append(child)
            values = [seen(child) for child in children]
            shown += zip(values, children, strict=True)
            for k, value in enumerate(values):
                if value < fitness[k]:
                    members[k], fitness[k] = children[k], value
    finally:
        trained.float()
    best = min(shown)[1]
    assert best not in [member for _, member in shown[:population]]  # a child
    expected = image.float().clone()
    expected[0, min(int(best[0] * 8), 7), min(int(best[1] * 8), 7)] = best[2]
    found = one_pixel(
        trained, batch[0][:1], batch[1][:1], num_pixels=1, numbers=numbers,
        population=population, num_generations=generations,
    )  # fmt: skip
    assert torch.allclose(found.adversarial[0], expected, atol=1e-5)


class Threefold(nn.Module):
    """Class 0 has p = 0.4 and wins when the only pixel is dark; p = 0.45 and loses when bright."""

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities."""
        dark = torch.tensor([0.4, 0.3, 0.3]).log()
        bright = torch.tensor([0.45, 0.549, 0.001]).log()
        return torch.where(x.flatten(1)[:, :1] > 0.5, bright, dark)


def test_fooling_image_is_preferred_over_lower_label_probability() -> None:
    images, labels = torch.zeros(3, 1, 1, 1), torch.zeros(3, dtype=torch.int64)
    robust, shown = attack(Threefold(), images, labels, population=8, generations=2)
    assert not robust.any()
    assert (shown > 0.5).all()


def test_parents_are_three_distinct_uniform_members() -> None:
    numbers = torch.rand(50, 7, 3, generator=torch.Generator().manual_seed(0))
    numbers[0, 0] = 1 - 2**-24
    numbers[0, 1] = 0.0
    a, b, c = three_distinct(numbers)
    assert ((a != b) & (b != c) & (a != c)).all()
    for parent in (a, b, c):
        assert parent.min() == 0
        assert parent.max() == 6
        share = torch.bincount(parent.flatten(), minlength=7) / parent.numel()
        assert (share - 1 / 7).abs().max() < 0.08  # three standard errors of 350 draws: 0.056


def test_with_pixels_sets_positions_and_the_later_pixel_wins() -> None:
    images = torch.zeros(1, 2, 3, 4)
    members = torch.tensor([[[[0.0, 0.99, 0.1, 0.2], [0.0, 1.0, 0.3, 0.4]],
                             [[1.0, 0.0, 0.5, 0.6], [0.4, 0.3, 0.7, 0.8]]]])  # fmt: skip
    points = with_pixels(images, members)
    expected = torch.zeros(1, 2, 2, 3, 4)
    expected[0, 0, :, 0, 3] = torch.tensor([0.3, 0.4])
    expected[0, 1, :, 2, 0] = torch.tensor([0.5, 0.6])
    expected[0, 1, :, 1, 1] = torch.tensor([0.7, 0.8])
    assert points.equal(expected)
    assert not images.any()


def test_standard_normal_maps_uniform_numbers_to_quantiles() -> None:
    numbers = torch.tensor([0.0, 0.5, 0.8413447, 0.0227501])
    normal = standard_normal(numbers)
    assert normal.isfinite().all()
    assert normal[0] < -4
    assert normal[1:].tolist() == pytest.approx([0.0, 1.0, -2.0], abs=1e-4)


def test_one_pixel_robust_images_agree_with_torchattacks(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    torchattacks = pytest.importorskip("torchattacks")
    np = pytest.importorskip("numpy")
    images, labels = batch[0][:24], batch[1][:24]
    state = np.random.get_state()  # scipy draws from it
    try:
        np.random.seed(0)
        theirs = torchattacks.OnePixel(trained, pixels=1, steps=10, popsize=40)(images, labels)
    finally:
        np.random.set_state(state)
    with torch.no_grad():
        left = trained(theirs).argmax(1) == labels
    robust, _ = attack(trained, images, labels)
    assert abs(int(left.sum()) - int(robust.sum())) <= 3
    assert int((left & robust).sum()) >= int(robust.sum()) - 1


@pytest.mark.parametrize(("pixels", "population"), [(0, 10), (1, 3)])
def test_too_few_pixels_or_members_are_rejected(
    batch: tuple[Tensor, Tensor], pixels: int, population: int
) -> None:
    images, labels = batch
    with pytest.raises(ConfigError, match="at least 1 pixel and a population of at least 4"):
        attack(nn.Flatten(), images, labels, pixels=pixels, population=population, generations=1)
