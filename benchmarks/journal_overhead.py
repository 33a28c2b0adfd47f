"""Overhead of a run besides training, as it grows: journal, models, report, tables, replay.

    python -m benchmarks.journal_overhead --evaluations 1000 10000

Nothing is trained: the values of a candidate are derived from its key. Prints the CPU milliseconds
of this process per candidate, by part of the loop. ``replay`` is the time to resume the finished
run, in seconds. The engine is random search; ``search_overhead`` measures the others.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from safetensors.torch import save

from evonas.api.searching import new_study
from evonas.evaluation.record import Evaluation
from evonas.report.tables import write_tables
from evonas.study import run as loop
from evonas.study.account import Account
from evonas.study.executors import inline
from evonas.study.executors.order import Order, Result
from evonas.study.journal.journal import Journal
from evonas.study.models import Models
from evonas.study.results.candidate import Candidate

POPULATION = 20
OBJECTIVES = ("acc", "params")
PARTS: dict[str, tuple[tuple[type, str], ...]] = {
    "journal": ((Journal, "record_asks"), (Journal, "record_tell")),
    "report": ((Account, "report"), (Account, "end_generations")),
    "tables": ((Account, "write"),),
    "models": ((Models, "save"),),
}


def drawn(order: Order) -> Result:
    """Values derived from the key of the candidate, and small weights."""
    key = order.space.key(order.genome)
    rng = random.Random(key)
    evaluation = Evaluation(
        key=key,
        genome=order.space.format(order.genome),
        values={
            "acc": rng.random(), "params": float(rng.randrange(1, 10**6)), "flops": 1e6,
            "bio": 1.0,
        },
        weights_by_rule={"fa": 1000},
        losses=(1.0,) * order.protocol.recipe.epochs,
        epochs=order.protocol.recipe.epochs,
        seconds=1.0,
        seed=0,
        failure=None,
        num_images={"acc": 360},
        learned=1.0,
    )  # fmt: skip
    return evaluation, save({"weight": torch.zeros(8)})


def measured(folder: Path) -> tuple[float, dict[str, float]]:
    """CPU seconds of the whole loop and of its parts."""
    spent = dict.fromkeys(PARTS, 0.0)

    def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Any:
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[part] += time.process_time() - start

        return inner

    def write(candidates: Sequence[Candidate]) -> None:
        write_tables(folder, candidates, OBJECTIVES)

    with ExitStack() as stack:
        for part, places in PARTS.items():
            for owner, name in places:
                wrapped = timed(getattr(owner, name), part)
                stack.enter_context(patch.object(owner, name, wrapped))
        stack.enter_context(patch.object(inline, "evaluate_order", drawn))
        start = time.process_time()
        loop.run_study(
            folder,
            executor=inline.InlineExecutor(),
            on_progress=lambda _: None,
            on_generation=write,
        )
        return time.process_time() - start, spent


def main() -> None:
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[1000, 10_000])
    options = parser.parse_args()
    print(
        f"{'evaluations':>12}" + "".join(f"{part + ' ms':>12}" for part in (*PARTS, "all")), end=""
    )
    print(f"{'replay s':>12}")
    with tempfile.TemporaryDirectory() as root:
        for count in options.evaluations:
            folder = Path(root) / str(count)
            new_study(
                space="nas-bench-201", objectives=OBJECTIVES, rules=("fa", "usf", "brsf"),
                dataset="digits", algorithm="random", population=POPULATION, evaluations=count,
                replicates="1", confirm=0, out=folder,
            )  # fmt: skip
            seconds, spent = measured(folder)
            row = [1000 * each / count for each in (*(spent[part] for part in PARTS), seconds)]
            again, _ = measured(folder)
            print(f"{count:>12}" + "".join(f"{each:>12.2f}" for each in row) + f"{again:>12.2f}")


if __name__ == "__main__":
    main()
