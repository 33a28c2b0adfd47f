"""An attack on a set of images: one verdict per image, and an unchanged network.

The oracles are single images, the attack on another network, and the network before the attack.
"""

import copy

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import CandidateFailure, ConfigError, DataError
from evonas.evaluation.attacks.ascent import AttackResult
from evonas.evaluation.attacks.attackers import (
    AbstractAttacker,
    Apgd,
    ApgdTargeted,
    Batch,
    OnePixel,
    Square,
    Transfer,
)
from evonas.evaluation.attacks.level import run_level
from evonas.evaluation.attacks.suite import NamedAttack, run_attack, worst_case
from evonas.evaluation.data.images import Images, SearchData
from tests.evaluation.attacks.quick_attacks import EPSILON, NAMES, QUICK


@pytest.mark.parametrize("attack", QUICK, ids=NAMES)
def test_verdict_does_not_depend_on_batch_or_other_images(
    trained: nn.Module, images: Images, attack: NamedAttack
) -> None:
    def run(part: Tensor | None, batch_size: int) -> AttackResult:
        chosen = images if part is None else images.subset(part)
        return run_attack(
            trained, chosen, attack, epsilon=EPSILON, seed=0, batch_size=batch_size,
            positions=part,
        )  # fmt: skip

    whole = run(None, 64)
    assert whole.robust.equal(run(None, 7).robust)
    some = torch.tensor([39, 3, 17, 4])
    assert whole.robust[some].equal(run(some, 1).robust)
    assert whole.correct[some].equal(run(some, 2).correct)


@pytest.mark.parametrize("attack", QUICK, ids=NAMES)
def test_attack_is_reproducible_and_depends_on_the_seed(
    trained: nn.Module, images: Images, attack: NamedAttack
) -> None:
    first, again, other = (
        run_attack(trained, images, attack, epsilon=EPSILON, seed=seed).adversarial
        for seed in (0, 0, 1)
    )
    assert first.equal(again)
    assert first.equal(other) == (attack.name == "fgsm")  # which uses no random numbers


@pytest.mark.parametrize("attack", QUICK[:-1], ids=NAMES[:-1])
def test_epsilon_zero_leaves_clean_accuracy(
    trained: nn.Module, images: Images, attack: NamedAttack
) -> None:
    found = run_attack(trained, images, attack, epsilon=0, seed=0)
    assert found.robust.equal(found.correct)


def test_epsilon_of_half_the_range_leaves_nothing_robust(
    trained: nn.Module, images: Images
) -> None:
    found = run_attack(trained, images, QUICK[3], epsilon=0.5, seed=0)
    assert not found.robust.any()


@pytest.mark.parametrize("attack", QUICK, ids=NAMES)
def test_network_and_global_generators_are_unchanged(
    trained: nn.Module, images: Images, attack: NamedAttack
) -> None:
    network = copy.deepcopy(trained)
    network.train()
    list(network.children())[1].eval()
    next(network.parameters()).requires_grad_(False)
    modes = [module.training for module in network.modules()]
    flags = [parameter.requires_grad for parameter in network.parameters()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    generator = torch.get_rng_state()
    run_attack(network, images, attack, epsilon=EPSILON, seed=0)
    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == flags
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(value.equal(state[name]) for name, value in network.state_dict().items())
    assert torch.get_rng_state().equal(generator)


class Fails(AbstractAttacker):
    """An attack that raises an error."""

    def num_numbers(self, shape: tuple[int, int, int]) -> int:  # noqa: ARG002
        """None."""
        return 0

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:  # noqa: ARG002
        """Check that the network is in evaluation mode, then fail."""
        assert not network.training
        raise RuntimeError("broken attack")


def test_network_state_is_restored_when_an_attack_fails(
    trained: nn.Module, images: Images
) -> None:
    trained.train()
    with pytest.raises(RuntimeError, match="broken attack"):
        run_attack(trained, images, NamedAttack("fails", Fails()), epsilon=EPSILON, seed=0)
    assert trained.training
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_logit_scale_changes_no_verdict_of_the_level_attacks(
    trained: nn.Module, images: Images
) -> None:
    class Loud(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.quiet = trained

        def forward(self, x: Tensor) -> Tensor:
            """The same decisions, with logits 1024 times as large."""
            logits: Tensor = self.quiet(x)
            return 1024 * logits

    attacks = [
        NamedAttack("ce", Apgd(num_steps=5, loss="ce_scaled")), QUICK[3], QUICK[4], QUICK[5],
        NamedAttack("one-pixel", OnePixel(1, population=8, num_generations=3)),
    ]  # fmt: skip
    for attack in attacks[:-1]:
        quiet, loud = (
            run_attack(network, images, attack, epsilon=EPSILON, seed=0).robust
            for network in (trained, Loud())
        )
        assert quiet.equal(loud), attack.name
    loud_pixels = run_attack(Loud(), images, attacks[-1], epsilon=0, seed=0)
    assert int(loud_pixels.robust.sum()) < int(loud_pixels.correct.sum())
    plain = run_attack(Loud(), images, NamedAttack("ce", Apgd(5, "ce")), epsilon=EPSILON, seed=0)
    assert not plain.has_gradient.all()


def test_gradient_killing_layer_stops_only_white_box_attacks(
    trained: nn.Module, images: Images
) -> None:
    class Stairs(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            """Round to 64 grey levels: zero slope almost everywhere."""
            return (x * 63).round() / 63

    network = nn.Sequential(Stairs(), trained)
    white, black = (
        run_attack(network, images, attack, epsilon=EPSILON, seed=0)
        for attack in (NamedAttack("apgd", Apgd(num_steps=5)), NamedAttack("s", Square(200)))
    )
    assert not white.has_gradient.any()
    assert int(black.robust.sum()) < int(white.robust.sum()) - 5


def test_transfer_attack_uses_images_that_fool_the_other_network(
    trained: nn.Module, images: Images
) -> None:
    twin = copy.deepcopy(trained).train()
    statistics = [buffer.clone() for buffer in twin.buffers()]
    inner = NamedAttack("transfer", Transfer(twin, Apgd(num_steps=5)))
    found = run_attack(trained, images, inner, epsilon=EPSILON, seed=0)
    own = run_attack(
        trained, images, NamedAttack("transfer", Apgd(num_steps=5)), epsilon=EPSILON, seed=0
    )
    assert found.robust.equal(
        own.robust
    )  # with a twin of equal weights, the transfer is the attack itself
    assert inner.is_black_box
    with torch.no_grad():
        next(twin.parameters()).mul_(-1)
    weaker = run_attack(trained, images, inner, epsilon=EPSILON, seed=0)
    assert int(weaker.robust.sum()) > int(own.robust.sum())
    assert twin.training  # although it was attacked in evaluation mode
    assert all(a.equal(b) for a, b in zip(twin.buffers(), statistics, strict=True))


def test_attacks_accept_half_precision_and_report_progress(
    trained: nn.Module, images: Images
) -> None:
    class Half(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            """Logits in bfloat16."""
            logits: Tensor = trained(x)
            return logits.bfloat16()

    done: list[int] = []
    for attack in QUICK:
        found = run_attack(Half(), images.subset(torch.tensor([0])), attack, epsilon=0.3, seed=0)
        assert found.robust.shape == (1,)
    run_attack(trained, images, QUICK[0], epsilon=0.3, seed=0, batch_size=15, on_batch=done.append)
    assert done == [14, 28, 40]


def test_invalid_attack_inputs_are_rejected(trained: nn.Module, images: Images) -> None:
    none = images.subset(torch.empty(0, dtype=torch.int64))
    with pytest.raises(DataError, match="attack 'fgsm': expected at least one image, got none"):
        run_attack(trained, none, QUICK[0], epsilon=EPSILON, seed=0)
    with pytest.raises(ConfigError, match="batch size of an attack: expected at least 1, got 0"):
        run_attack(trained, images, QUICK[0], epsilon=EPSILON, seed=0, batch_size=0)
    with pytest.raises(DataError, match="positions of attacked images: expected 40, got 2"):
        run_attack(
            trained, images, QUICK[0], epsilon=EPSILON, seed=0, positions=torch.tensor([0, 1])
        )
    with pytest.raises(ConfigError, match="epsilon"):
        run_attack(trained, images, QUICK[0], epsilon=8, seed=0)
    with pytest.raises(CandidateFailure, match="not finite"):
        run_attack(nn.Sequential(nn.Flatten(), Nan()), images, QUICK[0], epsilon=0.1, seed=0)
    with pytest.raises(DataError, match="expected at least one attack, got none"):
        run_level(trained, images, (), epsilon=EPSILON, seed=0)
    with pytest.raises(DataError, match="expected results of the same images, got none"):
        worst_case([])


class Nan(nn.Module):
    """A network whose training diverged."""

    def forward(self, x: Tensor) -> Tensor:
        """Return NaN."""
        return x * torch.nan


def test_apgd_targeted_restarts_give_worst_case_of_single_runs(
    trained: nn.Module, digits: SearchData
) -> None:
    images = digits.validation
    numbers = torch.rand(len(images), 2 * 64, generator=torch.Generator().manual_seed(0))
    pixels = images.pixels / 255
    both, first, second = (
        ApgdTargeted(num_steps=1, num_targets=1, num_restarts=restarts)
        .attack(trained, Batch(pixels, images.labels, part, EPSILON))
        .robust
        for restarts, part in ((2, numbers), (1, numbers[:, :64]), (1, numbers[:, 64:]))
    )
    assert both.equal(first & second)
    assert not both.equal(first)
    assert not both.equal(second)
