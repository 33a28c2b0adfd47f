"""Square; oracles: the paper's algorithm, one window at a time, and pyautoattack."""

import math

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.attacks.black_box.square import num_square_numbers, square, window_side
from evonas.evaluation.attacks.random_numbers import uniform_rows

EPSILON = 0.1


def numbers_for(images: Tensor, num_queries: int, *, seed: int = 0) -> Tensor:
    _, channels, height, width = images.shape
    count = num_square_numbers((channels, height, width), num_queries)
    return uniform_rows(range(len(images)), count, seed=seed, name="square")


def literal_square(
    network: nn.Module, image: Tensor, label: int, numbers: list[float], *, num_queries: int
) -> tuple[Tensor, bool]:
    """Algorithm 1 of the paper for one image: the best point, and whether it was always right."""

    def look(x: Tensor) -> tuple[float, bool]:
        logits = network(x[None])[0].tolist()
        others = [z for j, z in enumerate(logits) if j != label]
        return logits[label] - max(others), logits[label] > max(others)

    channels, height, width = image.shape
    drawn = iter(numbers)
    sign = [[1 if next(drawn) >= 0.5 else -1 for _ in range(width)] for _ in range(channels)]

    def kept(x: Tensor) -> Tensor:
        x = torch.minimum(torch.maximum(x, image - EPSILON), image + EPSILON)
        return x.clamp(0, 1)

    best = image.clone()
    for c in range(channels):
        for column in range(width):
            best[c, :, column] += EPSILON * sign[c][column]
    best = kept(best)
    margin, right = look(best)
    for query in range(num_queries):
        share = 0.8
        for end in (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000):
            if int(query / num_queries * 10_000) > end:
                share /= 2
        side = max(round(math.sqrt(share * height * width)), 1)
        top = math.floor(next(drawn) * (height - side + 1))
        left = math.floor(next(drawn) * (width - side + 1))
        point = best.clone()
        for c in range(channels):
            step = 2 * EPSILON * (1 if next(drawn) >= 0.5 else -1)
            point[c, top : top + side, left : left + side] += step
        point = kept(point)
        new_margin, is_right = look(point)
        if new_margin < margin:
            best, margin = point, new_margin
        right = right and is_right
    return best, right


def test_square_matches_the_papers_algorithm(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch[0][:10], batch[1][:10]
    numbers = numbers_for(images, 60)
    found = square(trained, images, labels, epsilon=EPSILON, numbers=numbers, num_queries=60)
    for i in range(len(images)):
        with torch.no_grad():
            best, right = literal_square(
                trained, images[i], int(labels[i]), numbers[i].tolist(), num_queries=60
            )
        assert right == bool(found.robust[i])
        if right:
            assert torch.allclose(found.adversarial[i], best, atol=1e-6)
    assert 0 < int(found.robust.sum()) < len(images)


def test_window_sides_match_pyautoattack_with_scaled_schedule() -> None:
    reference = pytest.importorskip("pyautoattack.square")
    for num_queries in (500, 5000):
        theirs = reference.SquareAttack(None, n_queries=num_queries, resc_schedule=True)
        for query in range(num_queries):
            side = max(round(math.sqrt(theirs.p_selection(query) * 32 * 32)), 1)
            ours = window_side(32, 32, query=query, num_queries=num_queries)
            assert ours == min(side, 32)


def test_windows_reach_every_edge_and_stay_inside_the_image() -> None:
    images = torch.full((400, 1, 5, 5), 0.5)
    labels = torch.zeros(400, dtype=torch.int64)
    visited: list[Tensor] = []

    def network(x: Tensor) -> Tensor:
        visited.append(x.detach())
        return torch.stack([torch.ones(len(x)), torch.zeros(len(x))], 1)  # nothing helps

    numbers = numbers_for(images, 1)
    square(network, images, labels, epsilon=EPSILON, numbers=numbers, num_queries=1)
    changed = (visited[2] != visited[1]).flatten(1, 2).view(400, 5, 5)
    # sqrt(0.8 25) = 4.5: windows of four by four (Python rounds half to even) at four places
    assert changed.any(0).all()
    assert changed.any(2).sum(1).max() == changed.any(1).sum(1).max() == 4


def test_square_robust_count_is_close_to_pyautoattack(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    reference = pytest.importorskip("pyautoattack.square")
    images, labels = batch
    theirs = reference.SquareAttack(
        trained, eps=EPSILON, n_queries=300, resc_schedule=True, seed=0, n_restarts=1, norm="Linf"
    )
    with torch.random.fork_rng():
        shown = theirs.perturb(images, labels)
    reference_robust = trained(shown).argmax(1) == labels
    numbers = numbers_for(images, 300)
    ours = square(trained, images, labels, epsilon=EPSILON, numbers=numbers, num_queries=300)
    # theirs never reaches the last row and column, so it leaves more small images robust
    difference = int(reference_robust.sum()) - int(ours.robust.sum())
    assert -2 <= difference <= 14


@pytest.mark.parametrize("num_queries", [20, 200])
def test_square_approaches_the_optimum_on_linear_classifier(
    num_queries: int,
) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 12, generator=generator)
    images = torch.rand(100, 3, 2, 2, generator=generator)
    logits = images.flatten(1) @ weight.T
    labels = logits.argmax(1)

    def network(x: Tensor) -> Tensor:
        return x.flatten(1) @ weight.T

    difference = (weight[labels] - weight[1 - labels]).view_as(images)
    low, high = (images - EPSILON).clamp_min(0), (images + EPSILON).clamp_max(1)
    worst = torch.where(difference > 0, difference * low, difference * high).sum((1, 2, 3))
    numbers = numbers_for(images, num_queries)
    found = square(
        network, images, labels, epsilon=EPSILON, numbers=numbers, num_queries=num_queries
    )
    certified = worst > 0
    assert not (certified & ~found.robust).any()
    missed = int((found.robust & ~certified).sum())
    assert missed <= (12 if num_queries == 20 else 2)


def test_random_numbers_of_wrong_shape_are_rejected(batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    with pytest.raises(ConfigError, match=r"random numbers of an attack: expected shape \(96, 38"):
        square(
            nn.Flatten(), images, labels, epsilon=EPSILON, numbers=torch.zeros(96, 3),
            num_queries=10,
        )  # fmt: skip
