"""Evaluate candidates in a process where oneDNN could not get the memory for a kernel.

    python -m tests.evaluation.kernel_without_memory

Prints, as JSON, failure and batch of a candidate that meets the error and of its repetition at
half the batch, the losses of the next candidate, those in a thread that met no error, and the
number of threads that torch used.
"""

import json
import random
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from evonas.evaluation import evaluate as module
from evonas.evaluation.evaluate import evaluate, evaluate_once
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.training.train import training
from evonas.networks import Network
from evonas.space import load
from evonas.study.shape import shaped_space
from tests.small_run import SMALL_RUN, changed

SETTINGS = changed(SMALL_RUN, rules=("fa",))
PROTOCOL = Protocol.of(SETTINGS)


@contextmanager
def no_more_memory() -> Iterator[None]:
    """Let this process allocate nothing in this block."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    unlimited = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize(), unlimited))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (unlimited, unlimited))


def main() -> None:
    """Evaluate candidates before and after the error."""
    space = shaped_space(load("nas-bench-201"), SETTINGS)
    genomes = [space.canonical(space.sample(random.Random(seed))) for seed in (1, 2)]
    threads: list[int] = []
    kernel = (torch.randn(64, 24, 8, 8), torch.randn(40, 24, 3, 3))
    torch.nn.functional.conv2d(torch.randn(2, 3, 8, 8), torch.randn(8, 3, 3, 3))  # load oneDNN

    def training_without_memory(network: Network, *args: Any, recipe: Any, **kwargs: Any) -> Any:
        threads.append(torch.get_num_threads())
        if len(threads) == 1:
            with no_more_memory():
                torch.nn.functional.conv2d(*kernel)
        return (yield from training(network, *args, recipe=recipe, **kwargs))

    module.training = training_without_memory  # type: ignore[attr-defined]
    with one_thread():
        first, _ = evaluate_once(space, genomes[0], protocol=PROTOCOL, stage=Stage())
        retried, _ = evaluate_once(space, genomes[0], protocol=PROTOCOL, stage=Stage(batch=25))
        following, _ = evaluate(space, genomes[1], protocol=PROTOCOL)
    elsewhere: list[tuple[float, ...]] = []

    def again() -> None:
        elsewhere.append(evaluate(space, genomes[1], protocol=PROTOCOL)[0].losses)

    thread = threading.Thread(target=again)
    thread.start()
    thread.join()
    print(json.dumps({
        "first": (first.failure, first.batch),
        "retried": (retried.failure, retried.batch),
        "next": following.losses,
        "elsewhere": elsewhere[0],
        "threads": max(threads[:3]),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
