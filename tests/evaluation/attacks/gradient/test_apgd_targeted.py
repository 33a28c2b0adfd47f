"""APGD-T; oracle: pyautoattack, bit for bit. It notes where its loss is not defined."""

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import ConfigError
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient.apgd_targeted import apgd_targeted

EPSILON = 0.1


def noises(images: Tensor, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand((count, *images.shape), generator=generator) * 2 - 1


@pytest.mark.filterwarnings("ignore:there are .* points with zero gradient")
@pytest.mark.parametrize(("num_steps", "num_targets"), [(5, 9), (20, 3), (50, 2), (100, 1)])
def test_apgd_targeted_matches_pyautoattack_bit_for_bit(
    trained: nn.Module, batch: tuple[Tensor, Tensor], num_steps: int, num_targets: int
) -> None:
    reference = pytest.importorskip("pyautoattack.autopgd_base")
    images, labels = (t[trained(batch[0]).argmax(1) == batch[1]] for t in batch)
    starts = noises(images, num_targets)
    theirs = reference.APGDAttack_targeted(trained, n_iter=num_steps, eps=EPSILON, seed=0)
    theirs.init_hyperparam(images)
    survives = torch.ones(len(images), dtype=torch.bool)
    shown = torch.empty_like(images)
    for target, start in enumerate(starts):
        # theirs ranks all classes; the right one is first, as only correct images are used
        theirs.y_target = trained(images).sort(dim=1)[1][:, -(target + 2)]
        theirs.random_target_classes = None
        with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "rand", lambda *_, start=start, **__: (start + 1) / 2)
            _, stays, _, fallen = theirs.attack_single_run(images, labels)
        falls = survives & ~stays.bool()
        shown[falls] = fallen[falls]
        survives &= stays.bool()
    # the same start that theirs computes from uniform numbers
    ours = apgd_targeted(
        trained, images, labels, epsilon=EPSILON, noises=2 * ((starts + 1) / 2) - 1,
        num_steps=num_steps,
    )  # fmt: skip
    assert 0 < int(survives.sum()) < len(images)
    assert ours.robust.equal(survives)
    assert ours.adversarial[~survives].equal(shown[~survives])
    assert ours.note == ""


def small_network(num_classes: int) -> tuple[nn.Module, Tensor, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(12, num_classes))
        images = torch.rand(40, 3, 2, 2)
    return network, images, network(images).argmax(1)


@pytest.mark.parametrize(("num_classes", "loss"), [(2, "ce_scaled"), (3, "dlr")])
def test_apgd_targeted_replaces_its_loss_for_few_classes(num_classes: int, loss: str) -> None:
    network, images, labels = small_network(num_classes)
    starts = noises(images, 9)
    found = apgd_targeted(network, images, labels, epsilon=EPSILON, noises=starts, num_steps=10)
    expected = apgd(
        network, images, labels, epsilon=EPSILON, noise=starts[0], num_steps=10, loss=loss
    )
    assert found.adversarial.equal(expected.adversarial)
    assert found.robust.equal(expected.robust)
    assert found.note == (f"dlr_targeted needs 4 classes, there are {num_classes}: {loss} instead")


def test_dlr_on_two_classes_becomes_ce_scaled_with_note() -> None:
    network, images, labels = small_network(2)
    start = noises(images, 1)[0]
    found, expected = (
        apgd(network, images, labels, epsilon=EPSILON, noise=start, num_steps=10, loss=loss)
        for loss in ("dlr", "ce_scaled")
    )
    assert found.robust.equal(expected.robust)
    assert found.note == "dlr needs 3 classes, there are 2: ce_scaled instead"
    assert expected.note == ""


def test_number_of_targets_is_capped_at_the_wrong_classes() -> None:
    network, images, labels = small_network(5)
    starts = noises(images, 9)
    nine, four, three = (
        apgd_targeted(network, images, labels, epsilon=EPSILON, noises=starts[:count], num_steps=3)
        for count in (9, 4, 3)
    )
    assert nine.adversarial.equal(four.adversarial)
    assert (three.robust >= four.robust).all()


def test_zero_targets_are_rejected() -> None:
    network, images, labels = small_network(5)
    with pytest.raises(ConfigError, match="classes to aim at: expected at least 1, got 0"):
        apgd_targeted(
            network, images, labels, epsilon=EPSILON, noises=noises(images, 0), num_steps=3
        )
