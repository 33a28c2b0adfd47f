"""Cutout, mixup and label smoothing; oracles: torch, and loops over single pixels."""

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.training.regularisation import Regularisation, RegularisedBatches

STEPS, BATCH, CLASSES, SIZE = 5, 6, 4, (7, 9)
MEAN = (0.25, 0.5)
NUMBER = torch.tensor([3])
LABELS = torch.tensor([0, 1, 2, 3, 3, 0])


def batches(what: Regularisation, seed: int = 0) -> RegularisedBatches:
    made = RegularisedBatches(
        what, num_steps=STEPS, batch=BATCH, num_classes=CLASSES, mean=MEAN, size=SIZE,
        device=torch.device("cpu"),
    )  # fmt: skip
    made.begin_epoch(torch.Generator().manual_seed(seed))
    return made


def images() -> Tensor:
    return torch.rand(BATCH, 2, *SIZE, generator=torch.Generator().manual_seed(1))


def test_label_smoothing_matches_torch() -> None:
    logits = torch.randn(BATCH, CLASSES, generator=torch.Generator().manual_seed(2))
    targets = batches(Regularisation(label_smoothing=0.1)).targets(LABELS, number=NUMBER)
    expected = F.cross_entropy(logits, LABELS, label_smoothing=0.1)
    torch.testing.assert_close(F.cross_entropy(logits, targets), expected)
    torch.testing.assert_close(targets.sum(1), torch.ones(BATCH))


def test_cutout_sets_one_square_to_the_mean() -> None:
    side, given = 4, images()
    found = batches(Regularisation(cutout=side)).pixels(given, number=NUMBER)
    generator = torch.Generator().manual_seed(0)
    rows, columns = (
        torch.randint(length, (STEPS, BATCH), generator=generator)[3] for length in SIZE
    )
    expected = given.clone()
    for image in range(BATCH):
        top, left = int(rows[image]) - side // 2, int(columns[image]) - side // 2
        for row in range(max(0, top), min(SIZE[0], top + side)):
            for column in range(max(0, left), min(SIZE[1], left + side)):
                expected[image, :, row, column] = torch.tensor(MEAN)
    assert torch.equal(found, expected)
    assert not torch.equal(found, given)


def test_mixup_images_and_targets_use_same_share_and_partner() -> None:
    mixed, given = batches(Regularisation(mixup=1.0)), images()
    found, targets = mixed.pixels(given, number=NUMBER), mixed.targets(LABELS, number=NUMBER)
    one_hot = F.one_hot(LABELS, CLASSES).float()
    fits = [
        (share, partners)
        for partners in _orders()
        if (share := _share(given, found, partners)) is not None
    ]
    ((share, partners),) = fits
    assert 0.0 < share < 1.0
    torch.testing.assert_close(targets, share * one_hot + (1 - share) * one_hot[partners])


def _orders() -> list[Tensor]:
    """The permutations that the epoch drew, one for each step."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randperm(BATCH, generator=generator) for _ in range(STEPS)]


def _share(given: Tensor, found: Tensor, partners: Tensor) -> float | None:
    """The share of the images themselves, if ``found`` is a mix with these partners."""
    own, other = given.double(), given[partners].double()
    apart = own - other
    share = float(((found - other) * apart).sum() / (apart * apart).sum())
    is_mix = torch.allclose(found.double(), share * own + (1 - share) * other, atol=1e-6)
    return share if is_mix else None


def test_mixup_shares_follow_the_beta_distribution() -> None:
    alpha, shares = 0.4, []
    for seed in range(400):
        mixed = batches(Regularisation(mixup=alpha), seed)
        shares += mixed._shares.tolist()
    found = torch.tensor(shares, dtype=torch.float64)
    # of Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)); 2000 draws, five standard errors
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(float(found.mean()) - 0.5) < 5 * (variance / 2000) ** 0.5
    assert abs(float(found.var()) - variance) < 5 * variance * (2 / 2000) ** 0.5


def test_regularisation_follows_the_generator() -> None:
    what = Regularisation(cutout=3, mixup=0.5, label_smoothing=0.1)
    one, two = batches(what), batches(what)
    assert torch.equal(one.pixels(images(), number=NUMBER), two.pixels(images(), number=NUMBER))
    before = one.pixels(images(), number=NUMBER)
    one.begin_epoch(torch.Generator().manual_seed(9))
    assert not torch.equal(before, one.pixels(images(), number=NUMBER))
