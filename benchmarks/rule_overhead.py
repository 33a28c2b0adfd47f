"""Step time of every rule compared with plain back-propagation and biotorch.

    python -m benchmarks.rule_overhead [--rounds 15] [--no-write]

One step is forward, backward and the fused SGD step of one NAS-Bench-201 network (the best cell
on CIFAR-10, a rule in every layer). "plain" is the same network with torch's own ``nn.Conv2d`` and
``nn.Linear``; biotorch 0.0.16, if it is installed, replaces the same layers by its own. All
variants take turns, one step each per round, in an order that is redrawn each round, in one
process with one thread. A ratio is the median over the rounds of a variant's CPU time divided by
that of plain, or of ``bp``, in the same round. Prints the tables and writes them between the
markers of RESULTS.md.
"""

import argparse
import contextlib
import copy
import io
import platform
import random
import statistics
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.support.sections import write_section
from evonas.networks import build
from evonas.networks.build import Network
from evonas.rules import RULES, RuleConv2d, RuleLinear
from evonas.space import load

CELL = (  # the best cell of the benchmark on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)
PEERS = ("fa", "usf", "frsf", "brsf", "dfa")
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4

Step = Callable[[], None]


@dataclass(frozen=True)
class Setting:
    """One size of network and batch, and its number of rounds per round of the largest size."""

    name: str
    batch: int
    side: int
    channels: int
    cells: int
    repeats: int


SETTINGS = (
    Setting("CIFAR-like", batch=128, side=16, channels=16, cells=5, repeats=1),
    Setting("digits", batch=32, side=8, channels=8, cells=1, repeats=20),
)


def network(setting: Setting, rule: str) -> Network:
    """The network of this size with ``rule`` in every layer, always with the same weights."""
    space = load("nas-bench-201").resized(channels=setting.channels, cells=setting.cells)
    space = space.with_rules((rule,))
    shape = (3, setting.side, setting.side)
    return build(space, space.parse(CELL), input_shape=shape, num_classes=10, seed=0)


def plain(ruled: Network) -> Network:
    """The same network with torch's own layers in place of the rule layers."""
    for name, module in list(ruled.named_modules()):
        if isinstance(module, RuleConv2d):
            convolution = nn.Conv2d(
                module.in_channels, module.out_channels, module.kernel_size,  # type: ignore[arg-type]
                module.stride, module.padding, module.dilation, module.groups,  # type: ignore[arg-type]
                bias=module.bias is not None,
            )  # fmt: skip
            convolution.load_state_dict(module.state_dict())
            ruled.set_submodule(name, convolution)
        elif isinstance(module, RuleLinear):
            linear = nn.Linear(module.in_features, module.out_features)
            linear.load_state_dict(module.state_dict())
            ruled.set_submodule(name, linear)
    return ruled


def sgd(parameters: Iterable[nn.Parameter]) -> torch.optim.SGD:
    """The optimiser of every variant."""
    return torch.optim.SGD(
        parameters,
        lr=1e-3,
        momentum=MOMENTUM,
        weight_decay=WEIGHT_DECAY,
        nesterov=True,
        fused=True,
    )


def our_step(model: Network, images: Tensor, labels: Tensor) -> Step:
    """One step, as in the training loop of evonas."""
    optimiser = sgd(model.parameters())

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        model.wiring.aim(labels)
        F.cross_entropy(model(images), labels).backward()
        optimiser.step()
        model.wiring.advance(
            learning_rate=1e-3, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True
        )

    return step


def peer_step(name: str, setting: Setting, images: Tensor, labels: Tensor) -> Step:
    """One step of biotorch's network, as in biotorch's own loop."""
    from biotorch.module.biomodule import BioModule

    config = {"type": name, "options": {"init": "xavier"}}
    with contextlib.redirect_stdout(io.StringIO()):  # biotorch prints what it converts
        model = BioModule(
            plain(network(setting, "bp")),
            mode=name,
            copy_weights=True,
            layer_config=config,
            output_dim=10,
        )
    model.train()
    optimiser = sgd(parameter for parameter in model.parameters() if parameter.requires_grad)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        outputs = model(images, labels, F.cross_entropy) if name == "dfa" else model(images)
        F.cross_entropy(outputs, labels).backward()
        optimiser.step()

    return step


def variants(setting: Setting) -> Iterator[tuple[str, Step]]:
    """Every variant that runs, with its name; each has been run twice as warm-up."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(setting.batch, 3, setting.side, setting.side, generator=generator)
    labels = torch.randint(0, 10, (setting.batch,), generator=generator)
    found = {"plain": our_step(plain(network(setting, "bp")).train(), images, labels)}
    found |= {
        name: our_step(network(setting, name).train(), images, labels)
        for name, rule in RULES.items()
        if rule.updates == "C(x, g)"
    }
    for name in PEERS:
        try:
            step = peer_step(name, setting, images, labels)
            step()
        except Exception as error:  # a failure of biotorch is reported, not raised
            print(f"biotorch {name}: does not run ({type(error).__name__}: {error})", flush=True)
        else:
            found[f"biotorch {name}"] = step
    for name, step in found.items():
        step()
        step()
        yield name, step


def measure(setting: Setting, *, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """CPU and wall milliseconds of every step of every variant."""
    steps = dict(variants(setting))
    order, shuffle = list(steps), random.Random(0)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(rounds * setting.repeats):
        shuffle.shuffle(order)
        for name in order:
            cpu, wall = time.process_time(), time.perf_counter()
            steps[name]()
            ended = time.process_time(), time.perf_counter()
            times[name].append((1e3 * (ended[0] - cpu), 1e3 * (ended[1] - wall)))
    return times


def spread(values: list[float], digits: int) -> str:
    """Median and quartiles, as text."""
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def table(times: dict[str, list[tuple[float, float]]]) -> str:
    """A Markdown table that compares evonas with biotorch."""

    def ratios(name: str, *, to: str = "plain") -> str:
        if name not in times:
            return "does not run" if name.removeprefix("biotorch ") in PEERS else "has none"
        pairs = zip(times[name], times[to], strict=True)
        return spread([mine[0] / base[0] for mine, base in pairs], 3)

    lines = [
        "| rule | CPU ms a step | wall ms a step | ratio to plain | to `bp` | biotorch to plain |",
        "|---|---|---|---|---|---|",
    ]
    for name in times:
        if not name.startswith("biotorch"):
            cpu, wall = map(list, zip(*times[name], strict=True))
            peer = "" if name in ("plain", "bp") else ratios(f"biotorch {name}")
            own = ratios(name), ratios(name, to="bp")
            cells = (name, spread(cpu, 1), spread(wall, 1), *own, peer)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure both settings, print the tables, write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-write", action="store_true", help="only print the tables")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error(f"--rounds: expected at least 2, to show a spread; got {options.rounds}")
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Using a non-full backward hook")  # biotorch's
    parts = [
        "## What a learning rule costs",
        "`python -m benchmarks.rule_overhead --rounds "
        f"{options.rounds}`, torch {torch.__version__}, {platform.machine()} CPU, one thread. "
        "Forward, backward and fused SGD step of a NAS-Bench-201 network (best cell), a rule in "
        "every layer; medians and quartiles of interleaved steps. Ratios are of CPU time, "
        "to the step of the same network with torch's own layers in the same round.",
    ]
    for setting in SETTINGS:
        times = measure(copy.copy(setting), rounds=options.rounds)
        parts.append(
            f"**{setting.name}**: batch {setting.batch}, {setting.side}x{setting.side} images, "
            f"{setting.channels} channels, {setting.cells} cells a stage, "
            f"{len(times['plain'])} rounds."
        )
        parts.append(table(times))
        print("\n\n".join(parts[-2:]), flush=True)
    if not options.no_write:
        write_section("rule_overhead", "\n\n".join(parts))


if __name__ == "__main__":
    main()
