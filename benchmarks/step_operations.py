"""Count the operations of a training step, plain and with kernels, and their memory traffic.

    python -m benchmarks.step_operations

Counted on a CPU from a trace of dispatched operations (float32, batch 8) that write something. A
kernel counts as its number of launches on a GPU, every other operation as one. So this is not the
number of launches, because torch's own operators may need several. It does not measure time.
"""

from collections import Counter
from typing import Any

import torch

from benchmarks.support.gpu_cases import Case, Size, our_network, random_images
from benchmarks.support.gpu_measures import Traffic
from benchmarks.support.sections import write_section
from evonas.evaluation.training.augment import plan_epoch
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step

BATCH = 8
SIZE = Size(channels=16, cells=5, darts_channels=16, darts_cells=2, images=8 * BATCH)
NETWORKS = {
    "best": "NAS-Bench-201, best cell, 16 channels, 5 cells a stage",
    "darts0": "DARTS, one random cell, 16 channels, 2 cells",
}
RULES = {"bp": "`bp`", "brsf": "`brsf`", "dfa": "`dfa`", "mixed": "a mixture of six"}

LAUNCHES = {
    "evonas::join": 1,
    "evonas::join_backward": 3,
    "evonas::separable": 2,
    "evonas::separable_backward": 3,
    "evonas::refresh_feedback": 1,
    "evonas::sgd_step": 1,
}
"""Number of launches of each kernel, as listed in docs/kernels.md."""

UNWRITTEN = ("aten::empty", "aten::new_empty", "aten::new_zeros", "aten::_local_scalar")
"""Operations that only allocate memory or read a number, and are not counted."""


class Operations(Traffic):
    """Counts operations that write something, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        before = self.operations
        results = super().__torch_dispatch__(func, types, args, kwargs)
        if self.operations > before and not func.name().startswith(UNWRITTEN):
            self.names[func.name().split(".")[0]] += 1
        return results

    @property
    def launches(self) -> int:
        """Total number of operations, with kernels counted as their launches."""
        return sum(count * LAUNCHES.get(name, 1) for name, count in self.names.items())


def count(case: Case, *, has_kernels: bool) -> Operations:
    """Count the operations of the fourth step, when everything cached already exists."""
    device = torch.device("cpu")
    images = random_images(SIZE, device)
    network = our_network(case, SIZE, device)
    network.wiring.to_tensors(device)
    step = training_step(
        network,
        images,
        recipe=Recipe(epochs=12, batch=BATCH),
        precision="fp32",
        has_kernels=has_kernels,
    )
    step.begin_epoch(plan_epoch(images, batch=BATCH, generator=torch.Generator().manual_seed(0)))
    for _ in range(3):
        step()
    counted = Operations()
    with counted:
        step()
    return counted


def main() -> None:
    """Print the table, and write it into its section."""
    lines = ["| network | rule | plain | with kernels |", "|---|---|---|---|"]
    for net, network in NETWORKS.items():
        for rule, name in RULES.items():
            cells = []
            for has_kernels in (False, True):
                counted = count(Case(net, rule, BATCH), has_kernels=has_kernels)
                cells.append(f"{counted.launches:,} ({counted.bytes / 1e9:.2f})")
            lines.append(f"| {network} | {name} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
            network = ""
    write_section("step_operations_table", "\n".join(lines))


if __name__ == "__main__":
    main()
