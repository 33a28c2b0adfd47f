"""Final training; oracles: the training of a search, and an uninterrupted training."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from evonas.errors import DataError, StorageError, TrainingDiverged
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.final.data import FinalData, load_final_data
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.final.weight_average import WeightAverage
from evonas.evaluation.training.augment import FramedImages
from evonas.evaluation.training.cooperative import run_to_end
from evonas.evaluation.training.train import training
from evonas.networks import Network
from evonas.space import load

SPACE = load("tiny").resized(channels=4, cells=1).with_rules(("kp", "dfa", "frsf"))
PLAIN = FinalRecipe(description="", epochs=3, batch=300, learning_rate=0.1, validation_share=0.2)
ALL = replace(
    PLAIN,
    clip_norm=1.0,
    warmup_epochs=1,
    cutout=3,
    mixup=0.3,
    label_smoothing=0.1,
    bias_rate=4.0,
    average_decay=0.9,
    lookahead=True,
    drop_path=0.4,
    auxiliary_weight=0.4,
    views="flips and shifts",
)


@pytest.fixture(scope="module")
def data() -> FinalData:
    return load_final_data(
        "digits", data_dir=default_data_dir(), validation_share=0.2, split_seed=0, device="cpu"
    )


def network(data: FinalData) -> Network:
    genome = SPACE.parse("|conv_3x3~0|+|sep_3x3~1|+|grouped_3x3~2| @ kp dfa")
    return candidate_network(SPACE, genome, data.traits, seed=3)


def equal(one: Network, two: Network) -> bool:
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_plain_final_training_equals_search_training(data: FinalData) -> None:
    recipe = replace(PLAIN, validation_share=0.0)
    mine, theirs = network(data), network(data)
    whole = replace(data, validation=None)
    final = FinalTraining(mine, whole, recipe, seed=5)
    final.run(lambda: None)
    trained = run_to_end(
        training(theirs, data.train, recipe=recipe.descent, seed=5, precision="fp32")
    )
    assert equal(mine, theirs)
    assert tuple(each.loss for each in final.epochs) == trained.losses
    assert final.best_epoch == recipe.epochs


class Left(Exception):
    """Stands for the end of the process."""


def leaving(final: FinalTraining, at: int, kept: list[bytes]) -> Callable[[], None]:
    def step() -> None:
        if final.num_steps_done == at:
            kept.append(final.checkpoint())
            raise Left

    return step


@pytest.mark.parametrize("recipe", [PLAIN, ALL], ids=["plain", "all"])
def test_training_resumed_at_any_step_equals_uninterrupted(
    data: FinalData, recipe: FinalRecipe
) -> None:
    whole = network(data)
    expected = FinalTraining(whole, data, recipe, seed=1)
    expected.run(lambda: None)
    assert expected.num_steps == 9
    for at in range(1, 9):
        kept: list[bytes] = []
        first = FinalTraining(network(data), data, recipe, seed=1)
        with pytest.raises(Left):
            first.run(leaving(first, at, kept))
        again = network(data)
        second = FinalTraining(again, data, recipe, seed=1)
        second.restore(kept[0])
        assert second.num_steps_done == at
        second.run(lambda: None)
        assert equal(again, whole)
        assert second.best_epoch == expected.best_epoch
        assert [replace(e, seconds=0.0) for e in second.epochs] == [
            replace(e, seconds=0.0) for e in expected.epochs
        ]


def test_weights_of_the_best_epoch_are_kept(data: FinalData) -> None:
    trained = network(data)
    final = FinalTraining(trained, data, replace(PLAIN, learning_rate=0.5), seed=0)
    final.run(lambda: None)
    values = [each.validation for each in final.epochs]
    assert final.epochs[final.best_epoch - 1].validation == max(v for v in values if v is not None)
    assert data.validation is not None
    assert accuracy(trained, data.validation) == max(v for v in values if v is not None)


def test_gradient_is_clipped_to_clip_norm(data: FinalData) -> None:
    norms = []
    for clip_norm in (0.0, 100.0, 0.01):
        recipe = replace(PLAIN, weight_decay=1e-9, clip_norm=clip_norm)
        final = FinalTraining(network(data), data, recipe, seed=0)
        kept: list[bytes] = []
        with pytest.raises(Left):
            final.run(leaving(final, 1, kept))
        # momentum starts at zero: after one step it equals the gradient
        momenta = final._step.descent.momenta
        norms.append(float(torch.stack([each.norm() for each in momenta]).norm()))
    assert norms[0] == norms[1] > 0.01
    assert norms[2] == pytest.approx(0.01, rel=1e-4)


def test_bias_rate_changes_biases_in_proportion(data: FinalData) -> None:
    """After one step; the weights are those of a training without it."""
    first = network(data).state_dict()
    after = []
    for bias_rate in (1.0, 4.0):
        trained = network(data)
        recipe = replace(PLAIN, weight_decay=1e-9, bias_rate=bias_rate)
        final = FinalTraining(trained, data, recipe, seed=0)
        with pytest.raises(Left):
            final.run(leaving(final, 1, []))
        after.append(dict(trained.named_parameters()))
    one, four = after
    for name, value in one.items():
        expected = value - first[name]
        if name.endswith(".bias"):
            expected = 4.0 * expected
        torch.testing.assert_close(four[name] - first[name], expected, rtol=1e-4, atol=1e-6)


def test_lookahead_pulls_weights_back_after_five_steps(data: FinalData) -> None:
    first = network(data).classifier.weight
    after = []
    for lookahead in (False, True):
        trained = network(data)
        final = FinalTraining(trained, data, replace(PLAIN, lookahead=lookahead), seed=0)
        with pytest.raises(Left):
            final.run(leaving(final, 5, []))
        after.append(trained.classifier.weight)
    kept = 0.95**5 * (5 / final.num_steps) ** 3
    assert kept > 0.1
    torch.testing.assert_close(after[1], kept * first + (1 - kept) * after[0])


def test_weight_average_matches_an_explicit_average(data: FinalData) -> None:
    one = network(data)
    average = WeightAverage(one, decay=0.7)
    expected = one.classifier.weight.detach().double().clone()
    for step in range(1, 8):
        with torch.no_grad():
            one.classifier.weight.add_(0.01 * step)
        average.update()
        decay = min(0.7, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * one.classifier.weight.detach().double()
    own = one.classifier.weight.detach().clone()
    with average.in_place():
        torch.testing.assert_close(one.classifier.weight.double(), expected, atol=1e-6, rtol=0)
    assert torch.equal(one.classifier.weight, own)


def test_divergence_and_oversized_batch_are_reported(data: FinalData) -> None:
    wild = FinalTraining(network(data), data, replace(PLAIN, learning_rate=1e30), seed=0)
    with pytest.raises(TrainingDiverged, match="choose a smaller learning rate"):
        wild.run(lambda: None)
    with pytest.raises(DataError, match="choose a smaller batch"):
        FinalTraining(network(data), data, replace(PLAIN, batch=5000), seed=0)


def test_weights_that_overflow_in_the_last_step_are_divergence(data: FinalData) -> None:
    """The loss of that step was still finite, and no validation follows."""
    last = replace(PLAIN, learning_rate=1e40, epochs=1, batch=len(data.train))
    final = FinalTraining(network(data), replace(data, validation=None), last, seed=0)
    with pytest.raises(TrainingDiverged, match="a weight is no longer finite after epoch 1"):
        final.run(lambda: None)


def test_damaged_and_foreign_checkpoints_are_rejected(data: FinalData) -> None:
    final = FinalTraining(network(data), data, ALL, seed=0)
    with pytest.raises(StorageError, match="damaged"):
        final.restore(b"nothing")
    other = FinalTraining(network(data), data, PLAIN, seed=0)
    with pytest.raises(StorageError, match="another training"):
        final.restore(other.checkpoint())


def test_split_is_disjoint_and_follows_the_split_seed(
    data: FinalData,
) -> None:
    assert data.validation is not None
    assert len(data.train) + len(data.validation) == 1438
    own = {bytes(image.flatten().tolist()) for image in data.validation.pixels}
    assert isinstance(data.train, FramedImages)
    padding = data.train.padding
    inner = data.train.pixels[:, padding : padding + 8, padding : padding + 8, 0]
    learned = {bytes(image.flatten().tolist()) for image in inner}
    assert len(own & learned) <= 1  # digits contains at most one duplicate image
    other = load_final_data(
        "digits", data_dir=default_data_dir(), validation_share=0.2, split_seed=1, device="cpu"
    )
    assert not torch.equal(other.train.labels, data.train.labels)
