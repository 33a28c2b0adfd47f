"""APGD; oracle: pyautoattack, bit for bit. Its verdict covers every point it visited."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.gradient.apgd import apgd, checkpoints
from evonas.evaluation.attacks.gradient.pgd import pgd

EPSILON = 0.1


def uniform(images: Tensor, *, seed: int = 5) -> Tensor:
    return torch.rand(images.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.filterwarnings("ignore:there are .* points with zero gradient")  # of dlr, by design
@pytest.mark.parametrize("loss", ["ce", "dlr"])
@pytest.mark.parametrize("num_steps", [5, 20, 50, 100])
def test_apgd_matches_pyautoattack_bit_for_bit(
    trained: nn.Module, batch: tuple[Tensor, Tensor], loss: str, num_steps: int
) -> None:
    reference = pytest.importorskip("pyautoattack.autopgd_base")
    images, labels = batch
    theirs = reference.APGDAttack(trained, n_iter=num_steps, eps=EPSILON, seed=0, loss=loss)
    theirs.init_hyperparam(images)
    with torch.random.fork_rng():  # it draws its start from the global generator
        torch.manual_seed(5)
        noise = 2 * torch.rand(images.shape) - 1
        torch.manual_seed(5)
        best, survives, _, fallen = theirs.attack_single_run(images, labels)
    ours = apgd(
        trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=num_steps, loss=loss
    )
    assert 0 < int(survives.sum()) < len(images)
    assert ours.robust.equal(survives.bool() & ours.correct)
    assert ours.adversarial[ours.robust].equal(best[ours.robust])
    assert ours.adversarial[~survives.bool()].equal(fallen[~survives.bool()])


@pytest.mark.parametrize(
    ("num_steps", "ends"),
    [
        # w = 22, then 3 shorter each time down to 6: the p_j of the paper for 100 steps
        (100, [22, 41, 57, 70, 80, 87, 93, 99]),
        (10, [2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (1, [1]),
    ],
)
def test_apgd_checkpoints_match_the_paper(num_steps: int, ends: list[int]) -> None:
    windows = list(checkpoints(num_steps))
    assert [last + 1 for last, _ in windows] == ends
    assert [window for _, window in windows] == [
        b - a for a, b in zip([0, *ends], ends, strict=False)
    ]


def test_robust_means_correct_at_every_visited_point(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    always_right = torch.ones(len(labels), dtype=torch.bool)

    def watched(x: Tensor) -> Tensor:
        logits: Tensor = trained(x)
        always_right.logical_and_(logits.argmax(1) == labels)
        return logits

    result = apgd(watched, images, labels, epsilon=EPSILON, noise=uniform(images), num_steps=10)
    assert result.robust.equal(always_right)


def test_ten_apgd_steps_cost_the_documented_passes(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    calls = {"with gradient": 0, "without": 0}

    def counted(x: Tensor) -> Tensor:
        calls["with gradient" if x.requires_grad else "without"] += 1
        logits: Tensor = trained(x)
        return logits

    apgd(counted, images, labels, epsilon=EPSILON, noise=uniform(images), num_steps=10)
    assert calls == {"with gradient": 11, "without": 1}


@pytest.mark.parametrize("num_steps", [1, 10])
def test_apgd_with_epsilon_zero_returns_the_images(
    trained: nn.Module, batch: tuple[Tensor, Tensor], num_steps: int
) -> None:
    images, labels = batch
    result = apgd(trained, images, labels, epsilon=0.0, noise=uniform(images), num_steps=num_steps)
    assert result.adversarial.equal(images)
    assert result.robust.equal(result.correct)


@pytest.mark.parametrize("num_images", [1, 7])
def test_apgd_verdict_does_not_depend_on_the_batch(
    trained: nn.Module, batch: tuple[Tensor, Tensor], num_images: int
) -> None:
    images, labels = batch
    noise = uniform(images)
    whole = apgd(trained, images, labels, epsilon=EPSILON, noise=noise, num_steps=10).robust
    parts = [
        apgd(trained, x, y, epsilon=EPSILON, noise=n, num_steps=10).robust
        for x, y, n in zip(
            *(torch.split(t, num_images) for t in (images, labels, noise)), strict=True
        )
    ]
    assert torch.cat(parts).equal(whole)


def test_apgd_accepts_a_batch_without_correct_images(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, _ = batch
    wrong = (trained(images).argmax(1) + 1) % 10
    result = apgd(trained, images, wrong, epsilon=1e-6, noise=uniform(images), num_steps=5)
    assert not result.robust.any()
    assert not result.correct.any()


def test_apgd_attacks_half_precision_networks(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch

    def half(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            logits: Tensor = trained(x)
        return logits

    arguments = {"epsilon": EPSILON, "noise": uniform(images), "num_steps": 10}
    full = apgd(trained, images, labels, **arguments)  # type: ignore[arg-type]
    result = apgd(half, images, labels, **arguments)  # type: ignore[arg-type]
    assert (full.robust != result.robust).float().mean() < 0.1


def test_constant_network_has_no_gradient_and_no_error() -> None:
    images, labels = torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 2, 0])
    bias = torch.tensor([1.0, 0.0, 0.0])
    for network in (
        lambda x: bias.expand(len(x), -1),
        lambda x: bias.clone().requires_grad_().expand(len(x), -1),
    ):
        result = apgd(network, images, labels, epsilon=0.1, noise=uniform(images), num_steps=3)
        assert not result.has_gradient.any()
        assert result.robust.tolist() == [True, False, False, True]


def test_nan_gradient_counts_as_no_gradient() -> None:
    images, labels = torch.rand(4, 1, 1, 2), torch.zeros(4, dtype=torch.int64)

    def network(x: Tensor) -> Tensor:
        # sqrt(0) has the slope inf, and inf times 0 is nan
        return torch.stack([1 + (0 * x).sqrt().sum((1, 2, 3)), x.sum((1, 2, 3)) * 0], 1)

    result = apgd(network, images, labels, epsilon=0.1, noise=uniform(images), num_steps=3)
    assert result.adversarial.isfinite().all()
    assert result.robust.all()
    assert not result.has_gradient.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon": -0.1}, r"epsilon: expected a number in \[0, 1\]"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"epsilon": 8.0}, "epsilon"),
        ({"num_steps": 0}, "expected at least 1, got 0"),
        ({"noise": torch.zeros(3, 1, 2, 2)}, r"noise: expected the images' shape \(2, 1, 2, 2\)"),
        (
            {"images": torch.zeros(2, 1, 2, 2, dtype=torch.uint8)},
            "attacked images: expected float",
        ),
        ({"images": torch.zeros(2, 4)}, "attacked images: expected float"),
    ],
)
@pytest.mark.parametrize("attack", [apgd, pgd])
def test_arguments_out_of_range_are_rejected(
    attack: Callable[..., AttackResult], change: dict[str, Any], message: str
) -> None:
    arguments = {
        "images": torch.zeros(2, 1, 2, 2),
        "labels": torch.zeros(2, dtype=torch.int64),
        "epsilon": 0.1,
        "noise": torch.zeros(2, 1, 2, 2),
        "num_steps": 2,
    }
    with pytest.raises(ConfigError, match=message):
        attack(nn.Flatten(), **(arguments | change))


def test_apgd_rejects_unknown_loss() -> None:
    images, labels = torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64)
    with pytest.raises(UnknownNameError, match="unknown attack loss 'cw'"):
        apgd(nn.Flatten(), images, labels, epsilon=0.1, noise=images, num_steps=1, loss="cw")
