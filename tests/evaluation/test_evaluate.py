"""Evaluation of one candidate: seeds, failures, and the content of the record."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from safetensors.torch import load as load_weights
from torch import Tensor

from evonas.evaluation import evaluate as module
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.objectives import OBJECTIVES, Subject
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.training.augment import FramedImages
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.train import TrainedCandidate, training
from evonas.networks import Network, build
from evonas.seeds import derive_seed
from evonas.space import Space
from tests.small_run import changed_protocol

ALIVE = "|nor_conv_1x1~0|+|skip_connect~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
DEAD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def test_record_holds_requested_and_default_objectives(space: Space, protocol: Protocol) -> None:
    genome = space.parse(ALIVE)
    record, _ = evaluate(space, genome, protocol=protocol)
    assert set(record.values) == {"acc", "robust", "params", "flops", "bio"}
    assert record.failure is None
    assert (record.key, record.genome) == (space.key(genome), space.format(genome))
    assert record.seed == derive_seed(0, record.key)
    assert sum(record.weights_by_rule.values()) < record.values["params"]
    assert len(record.losses) == record.epochs == 1


def test_equal_candidates_have_equal_records(space: Space, protocol: Protocol) -> None:
    genome = space.parse(ALIVE)
    one, weights = evaluate(space, genome, protocol=protocol)
    torch.rand(7)  # other code uses the global generator
    evaluate(space, space.parse(DEAD), protocol=protocol)
    same, same_weights = evaluate(space, genome, protocol=protocol)
    assert replace(one, seconds=0.0) == replace(same, seconds=0.0)
    assert weights == same_weights
    other, _ = evaluate(space, genome, protocol=changed_protocol(protocol, seed=1))
    assert other.seed != one.seed


def test_returned_weights_reproduce_the_measured_accuracy(
    space: Space, protocol: Protocol
) -> None:
    genome = space.parse(ALIVE)
    record, weights = evaluate(space, genome, protocol=protocol)
    data, _ = module._data(protocol)
    network = build(
        space, genome, input_shape=(1, 8, 8), num_classes=10, seed=99,
        mean=data.traits.mean, deviation=data.traits.std,
    )  # fmt: skip
    network.load_state_dict(load_weights(weights))
    subject = Subject(network.eval(), data.validation, data.validation, Fraction(1), 0, (1, 8, 8))
    assert OBJECTIVES["acc"].measure(subject) == record.values["acc"]


def test_failed_candidate_is_recorded_with_its_reason(space: Space, protocol: Protocol) -> None:
    record, weights = evaluate(space, space.parse(DEAD), protocol=protocol)
    assert record.failure is not None
    assert record.failure.startswith("masked: ")
    assert "robust" not in record.values
    assert record.values["params"] > 0
    assert weights == b""


def test_diverged_candidate_is_recorded_as_failure(space: Space, protocol: Protocol) -> None:
    wild = changed_protocol(protocol, epochs=3, batch=40, learning_rate=1e30)
    record, _ = evaluate(space, space.parse(ALIVE), protocol=wild)
    assert record.failure is not None
    assert record.failure.startswith("diverged: the training loss became ")


def test_out_of_memory_fails_only_the_candidate(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("tried to allocate 9 GiB")

    monkeypatch.setattr(module, "training", exhausted)
    record, weights = evaluate(space, space.parse(ALIVE), protocol=protocol)
    assert record.failure == "out of memory: tried to allocate 9 GiB"
    assert set(record.values) == {"params", "flops", "bio"}
    assert weights == b""


def test_candidates_differ_in_seed_and_share_images_and_noise(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, Subject]] = []

    def spy(network: Network, images: FramedImages, **given: Any) -> Cooperative[TrainedCandidate]:
        data = load_search_data("digits", seed=0, num_images=200)
        assert torch.equal(images.pixels, data.train.pixels.permute(0, 2, 3, 1))
        seen.append((network.wiring.seed, given["seed"], subjects[-1]))
        return training(network, images, **given)

    subjects: list[Subject] = []
    make = module._subject

    def keep(*given: Any, **named: Any) -> Subject:
        subjects.append(make(*given, **named))
        return subjects[-1]

    monkeypatch.setattr(module, "training", spy)
    monkeypatch.setattr(module, "_subject", keep)
    texts = [ALIVE, ALIVE.replace("avg_pool_3x3", "nor_conv_1x1")]
    of_study = changed_protocol(protocol, seed=4, objectives=("acc",))
    for text in texts:
        evaluate(space, space.parse(text), protocol=of_study)
    for text, (of_network, of_training, subject) in zip(texts, seen, strict=True):
        seed = derive_seed(4, space.key(space.parse(text)))
        assert of_network == of_training == seed
        assert len(subject.attacked) == 50
    first, second = (subject for *_, subject in seen)
    assert first.attack_seed == second.attack_seed
    assert torch.equal(first.attacked.pixels, second.attacked.pixels)


def pixels(images: Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_attacked_images_come_from_the_validation_part(protocol: Protocol) -> None:
    """A network is overconfident on its training images."""
    data = load_search_data("digits", seed=0, num_images=200)
    attacked = module.attacked_validation(protocol)
    assert len(attacked) == 50
    assert pixels(attacked.pixels) <= pixels(data.validation.pixels)
    assert not pixels(attacked.pixels) & pixels(data.train.pixels)


def test_programming_error_is_raised_instead_of_recorded(
    space: Space, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("a typo")

    monkeypatch.setattr(module, "training", broken)
    with pytest.raises(TypeError, match="a typo"):
        evaluate(space, space.parse(ALIVE), protocol=protocol)
