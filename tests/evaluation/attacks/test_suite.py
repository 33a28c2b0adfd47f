"""An attack on a set of images: one verdict per image, and an unchanged network."""

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
    Fgsm,
    OnePixel,
    Pgd,
    Square,
    Tpgd,
    Transfer,
)
from evonas.evaluation.attacks.level import run_level
from evonas.evaluation.attacks.suite import (
    LEVEL_1,
    LEVEL_2,
    ONE_PIXEL,
    NamedAttack,
    run_attack,
    worst_case,
)
from evonas.evaluation.data.images import Images, SearchData

EPSILON = 0.1
QUICK = (
    NamedAttack("fgsm", Fgsm()),
    NamedAttack("pgd", Pgd(num_steps=3, num_restarts=2)),
    NamedAttack("tpgd", Tpgd(num_steps=3)),
    NamedAttack("apgd", Apgd(num_steps=5, loss="dlr")),
    NamedAttack("apgd-t", ApgdTargeted(num_steps=3, num_targets=2, num_restarts=2)),
    NamedAttack("square", Square(num_queries=30)),
    NamedAttack("one-pixel", OnePixel(num_pixels=1, population=8, num_generations=3)),
)
NAMES = [attack.name for attack in QUICK]


@pytest.fixture
def images(digits: SearchData) -> Images:
    return digits.validation.subset(torch.arange(40))


def test_attack_levels_match_the_documentation() -> None:
    assert [(a.name, a.attacker) for a in LEVEL_1] == [
        ("apgd-dlr-20", Apgd(20, "dlr")),
        ("square-500", Square(500)),
    ]
    assert [(a.name, a.attacker) for a in LEVEL_2] == [
        ("apgd-ce-100", Apgd(100, "ce_scaled")),
        ("apgd-dlr-100", Apgd(100, "dlr")),
        ("apgd-t-100x2", ApgdTargeted(100, 9, 2)),
        ("pgd-40x5", Pgd(40, 5, "ce")),
        ("square-5000", Square(5000)),
    ]
    assert [a.attacker for a in ONE_PIXEL] == [OnePixel(pixels, 400, 100) for pixels in (1, 3, 5)]
    assert {a.norm for a in ONE_PIXEL} == {"l0"}
    assert {a.norm for a in (*LEVEL_1, *LEVEL_2)} == {"linf"}
    assert [a.name for a in (*LEVEL_1, *LEVEL_2) if a.is_black_box] == [
        "square-500", "square-5000",
    ]  # fmt: skip


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


class Fixed(AbstractAttacker):
    """An attack that always wins, or never."""

    def __init__(self, *, wins: bool) -> None:
        self.wins = wins

    def num_numbers(self, shape: tuple[int, int, int]) -> int:  # noqa: ARG002
        """None."""
        return 0

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Report ``wins`` for every image, also for those that were wrong before."""
        correct = network(batch.images).argmax(1) == batch.labels
        robust = torch.full_like(correct, not self.wins)
        return AttackResult(batch.images, robust, correct, torch.ones_like(correct))


def test_always_winning_attack_leaves_zero_and_never_winning_clean(
    trained: nn.Module, images: Images
) -> None:
    labels = torch.where(torch.arange(40) % 4 == 0, (images.labels + 1) % 10, images.labels)
    images = Images(images.pixels, labels)
    always, never = (NamedAttack(f"{w}", Fixed(wins=w)) for w in (True, False))
    for attacks, left in (((never,), "clean"), ((never, always), 0.0), ((always, never), 0.0)):
        results = [run_attack(trained, images, a, epsilon=EPSILON, seed=0) for a in attacks]
        expected = results[0].correct.float().mean().item() if left == "clean" else left
        assert worst_case(results).float().mean().item() == expected
        level = run_level(trained, images, attacks, epsilon=EPSILON, seed=0)
        assert level.value == expected
        assert level.clean == results[0].correct.float().mean().item()


def test_worst_case_is_taken_per_image() -> None:
    def result(robust: list[int], correct: list[int]) -> AttackResult:
        masks = torch.tensor(robust).bool(), torch.tensor(correct).bool()
        return AttackResult(torch.zeros(4, 1, 1, 1), *masks, masks[1])

    results = [result([1, 1, 0, 1], [1, 1, 1, 0]), result([1, 0, 1, 1], [1, 1, 1, 0])]
    assert worst_case(results).tolist() == [True, False, False, False]
    assert worst_case(results[:1]).tolist() == [True, True, False, False]


def test_level_attacking_only_survivors_equals_worst_case_of_all(
    trained: nn.Module, images: Images
) -> None:
    attacks = QUICK[:6]
    results = [run_attack(trained, images, a, epsilon=EPSILON, seed=3) for a in attacks]
    seen: list[str] = []
    level = run_level(
        trained, images, attacks, epsilon=EPSILON, seed=3, batch_size=16,
        on_attack=lambda attack: seen.append(attack.name),
    )  # fmt: skip
    assert level.robust.equal(worst_case(results))
    assert seen == list(level.after) == list(level.seconds) == NAMES[:6]
    for i, share in enumerate(level.after.values()):
        expected = worst_case(results[: i + 1]).float().mean().item()
        assert share == pytest.approx(expected)
    assert 0 < level.value < level.after["fgsm"] < level.clean
    assert level.notes == {}


def test_level_accepts_no_correct_images(trained: nn.Module, images: Images) -> None:
    wrong = Images(images.pixels, (images.labels + 1) % 10)
    level = run_level(trained, wrong, QUICK[:3], epsilon=0.5, seed=0)
    assert level.value == 0
    assert set(level.after.values()) == {0.0}


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


def test_note_on_few_classes_is_in_result_and_level(images: Images) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    with torch.no_grad():
        two = Images(images.pixels, network(images.pixels / 255).argmax(1))
    note = "dlr needs 3 classes, there are 2: ce_scaled instead"
    assert run_attack(network, two, QUICK[3], epsilon=EPSILON, seed=0, batch_size=3).note == note
    level = run_level(network, two, (QUICK[0], QUICK[3]), epsilon=1e-6, seed=0)
    assert level.notes == {"apgd": note}


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


class Lottery(AbstractAttacker):
    """An attack that wins where an image's number is low."""

    def num_numbers(self, shape: tuple[int, int, int]) -> int:  # noqa: ARG002
        """One."""
        return 1

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:  # noqa: ARG002
        """Look only at the random number."""
        right = torch.ones(len(batch.labels), dtype=torch.bool)
        return AttackResult(batch.images, batch.numbers[:, 0] > 0.5, right, right)


def test_survivors_keep_their_own_random_numbers_in_later_attacks(
    trained: nn.Module, digits: SearchData
) -> None:
    attacks = [NamedAttack(name, Lottery()) for name in ("one", "two", "three")]
    images = digits.validation
    results = [run_attack(trained, images, a, epsilon=EPSILON, seed=0) for a in attacks]
    level = run_level(trained, images, attacks, epsilon=EPSILON, seed=0, batch_size=50)
    assert level.robust.equal(worst_case(results))
    assert 0.08 < level.value < 0.17  # an eighth of 360 or more, within three standard errors
