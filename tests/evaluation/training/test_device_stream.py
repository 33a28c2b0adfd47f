"""Oracle: the order of calls, on streams that only record them."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
import torch

from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.final import final_training
from evonas.evaluation.final.data import FinalData
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.training import train
from evonas.evaluation.training.augment import frame
from evonas.evaluation.training.device_stream import AbstractDeviceStream, make_device_stream
from evonas.evaluation.training.recipe import Recipe
from evonas.networks import build
from evonas.space import load


def test_stream_follows_what_the_caller_has_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    current = ["the caller's"]

    class Stream:
        def __init__(self, device: Any) -> None:
            del device

        def wait_stream(self, other: str) -> None:
            log.append(f"wait for {other}")

    class Event:
        def record(self, stream: Any) -> None:
            assert isinstance(stream, Stream)
            log.append("record")

    @contextmanager
    def entered(stream: Any) -> Iterator[None]:
        current.append(stream)
        log.append("enter")
        yield
        current.pop()

    for name, fake in {
        "Stream": Stream, "Event": Event, "stream": entered, "device": nullcontext,
        "current_stream": lambda: current[-1],
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, fake)
    with make_device_stream("cuda:1").open():
        log.append("work")
    assert log == ["wait for the caller's", "enter", "work", "record"]


@pytest.mark.parametrize("is_final", [False, True])
def test_trained_network_is_returned_after_the_work_of_its_stream(
    monkeypatch: pytest.MonkeyPatch, is_final: bool
) -> None:
    log: list[str] = []

    class Recorded(AbstractDeviceStream):
        @contextmanager
        def open(self) -> Iterator[None]:
            yield
            log.append("queued")

        def is_free(self) -> bool:
            return True

        def wait(self) -> None:
            log.append("done")

    for module in (train, final_training):
        monkeypatch.setattr(module, "make_device_stream", lambda _: Recorded())
    data = load_search_data("digits", seed=0, num_images=40)
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules(("bp",))
    genome = space.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    network = build(space, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    if is_final:
        recipe = FinalRecipe(description="", epochs=1, batch=20, learning_rate=0.1)
        final_data = FinalData(data.traits, frame(data.train, traits=data.traits), None, sha256="")
        final_training.FinalTraining(network, final_data, recipe, seed=0).run(lambda: None)
    else:
        train.train(network, data.train, traits=data.traits, recipe=Recipe(1, 20), seed=0)
    assert log == ["queued", "done"]
