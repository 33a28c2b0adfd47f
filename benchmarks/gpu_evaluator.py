"""Evaluator on a GPU: candidates per hour, steps, launches, bytes and memory; under 8 minutes.

    python -m benchmarks.gpu_evaluator [--out FOLDER] [--no-write]
    python -m benchmarks.gpu_evaluator --smoke --no-write      # tiny, on a CPU, to test the script

Prints results as they arrive, and writes them to gpu_evaluator.json and to a section of
RESULTS.md. Data are 25,000 random images of the shape of CIFAR-10. Every section has a time limit;
cases beyond it are reported as left out, and failing cases as failed with the reason. evonas is
compared, in the same run and on the same batches, with evonas without its kernels (``-plain``),
and with the naive network with layers of torch or biotorch (eager), or of torch under
torch.compile.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch

from benchmarks.support.gpu_cases import MIXED, Case, Size, Way, eagerly, ours, random_images
from benchmarks.support.gpu_measures import (
    copy_gigabytes_per_second,
    forget_peak,
    kernels_per_step,
    peak_gibibytes,
    step_time,
    traffic,
)
from benchmarks.support.gpu_throughput import at_once, candidates_per_hour
from benchmarks.support.naive import PEERS
from benchmarks.support.sections import RESULTS, write_section
from evonas.evaluation.training.augment import FramedImages
from evonas.evaluation.training.cuda_graph import WARM_UP_CALLS
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.speed import wait
from evonas.settings.machine import Precision

Row = dict[str, Any]
COMPILE_SECONDS = 100


@dataclass(frozen=True)
class Bench:
    """Conditions of the measurements.

    Attributes:
        device: device of all measurements.
        size: size of networks and data.
        images: images on the device.
        num_steps: number of steps per measured window.
        batch: batch size where only one is measured.
        copy_rate: rate of a large copy, in GB/s.
    """

    device: torch.device
    size: Size
    images: FramedImages
    num_steps: int
    batch: int
    copy_rate: float


def measure(bench: Bench, case: Case, way: str) -> Row:
    """Measure one case trained in one way, as a table row."""
    forget_peak(bench.device)
    with make_device_stream(bench.device).open():
        made = make_way(bench, case, way)
        for _ in range(WARM_UP_CALLS + 1):
            made.step()
        num_steps = min(bench.num_steps, len(bench.images) // case.batch)
        found = step_time(
            made.step, before_window=made.restart, device=bench.device, num_steps=num_steps
        )
        peak = peak_gibibytes(bench.device)
        made.restart()
        kernels = kernels_per_step(made.step, device=bench.device)
        counted = traffic(made.once)
    rate = counted.bytes / found.median / 1e6
    return {
        **asdict(case),
        "way": way,
        "step_ms": round(found.median, 3),
        "step_ms_low": round(found.low, 3),
        "step_ms_high": round(found.high, 3),
        "kernels": None if kernels is None else round(kernels),
        "operations": counted.operations,
        "operand_gb": round(counted.bytes / 1e9, 3),
        "operand_gb_per_s": round(rate, 1),
        "share_of_copy": round(rate / bench.copy_rate, 2),
        "peak_gib": None if peak is None else round(peak, 2),
        "capture_s": None if made.replayed is None else round(made.replayed.capture_seconds, 3),
        "fallback": None if made.replayed is None else made.replayed.fallback,
    }


def make_way(bench: Bench, case: Case, way: str) -> Way:
    """Create a way by its name, such as ``evonas bf16`` or ``biotorch eager``."""
    name, how = way.split()
    if name != "evonas":
        return eagerly(case, bench.size, bench.images, layers=name, is_compiled=how == "compiled")
    precision: Precision = "bf16" if how.startswith("bf16") else "tf32"
    return ours(
        case, bench.size, bench.images, precision=precision, is_replayed=how != "eager",
        has_kernels=not how.endswith("-plain"),
    )  # fmt: skip


OURS = ("evonas tf32", "evonas bf16")
PLAIN = ("evonas tf32-plain", "evonas bf16-plain")


def rules(bench: Bench) -> Iterator[Callable[[], Row]]:
    """Every rule on the best cell, with its reference implementations."""
    for rule in ("bp", "usf", "mixed", "brsf", "dfa", "fa", "frsf", "kp"):
        ways = [*OURS, *PLAIN] + ["evonas eager", "plain eager"] * (rule == "bp")
        for way in ways + ["biotorch eager"] * (rule in PEERS):
            yield partial(measure, bench, Case("best", rule, bench.batch), way)


def nets(bench: Bench) -> Iterator[Callable[[], Row]]:
    """Random cells and DARTS."""
    for net in ("random0", "darts0", "random1", "random2"):
        for way in (*OURS, *PLAIN, "biotorch eager"):
            yield partial(measure, bench, Case(net, "usf", bench.batch), way)


def batches(bench: Bench) -> Iterator[Callable[[], Row]]:
    """Larger batches."""
    for factor in (2, 4):
        for way in (*OURS, *PLAIN, "biotorch eager"):
            case = Case("best", "usf", factor * bench.batch)
            yield partial(measure, bench, case, way)


def concurrency(bench: Bench) -> Iterator[Callable[[], Row]]:
    """One to eight candidates, each on its own stream."""
    precisions: tuple[Precision, ...] = ("tf32", "bf16")
    for net, precision, count in product(("best", "random0"), precisions, (1, 2, 4, 8)):
        case = Case(net, "usf", bench.batch)
        yield partial(at_once, case, bench.size, bench.images, count=count, precision=precision)


def hours(bench: Bench) -> Iterator[Callable[[], Row]]:
    """Candidates per hour, from whole evaluations of one and of two epochs."""
    is_tiny = len(bench.images) < 1000
    for net, way, count, slots in (
        ("random", "evonas tf32", 12, 6), ("random", "evonas bf16", 12, 6),
        ("random", "biotorch eager", 2, 1), ("best", "evonas tf32", 6, 6),
        ("best", "evonas bf16", 6, 6), ("best", "biotorch eager", 1, 1),
    ):  # fmt: skip
        yield partial(
            candidates_per_hour, net, way, bench.size, bench.images, batch=bench.batch,
            count=min(count, 2) if is_tiny else count, slots=slots,
            rules=PEERS if way == "biotorch eager" else MIXED,
        )  # fmt: skip


def compiled(*, is_smoke: bool) -> Iterator[Callable[[], Row]]:
    """torch.compile, in a process that can be killed if it takes too long."""

    def run() -> Row:
        command = [sys.executable, "-m", "benchmarks.gpu_evaluator", "--compile-only"]
        done = subprocess.run(
            command + ["--smoke"] * is_smoke,
            capture_output=True, text=True, timeout=COMPILE_SECONDS,
            cwd=Path(__file__).parents[1],
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        row: Row = json.loads(done.stdout.splitlines()[-1])
        return row

    yield run


def in_time(cases: Iterable[Callable[[], Row]], *, seconds: float) -> Iterator[Row]:
    """The rows of all cases that start within ``seconds``; a failing case is also a row."""
    end = time.perf_counter() + seconds
    left_out = 0
    for case in cases:
        if time.perf_counter() > end:
            left_out += 1
            continue
        try:
            yield case()
        except Exception as problem:  # any failure: continue with the other cases
            reason = f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
            yield {"case": _name(case), "failed": reason}
    if left_out:
        yield {"left out for lack of time": left_out}


def _name(case: Callable[[], Row]) -> str:
    given = [*case.args, *case.keywords.values()] if isinstance(case, partial) else []
    told = [str(value) for value in given if isinstance(value, Case | str | int)]
    return " ".join(told)


def table(rows: list[Row]) -> str:
    """A Markdown table with one column for every key of any row."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for row in rows:
        cells = ["" if row.get(name) is None else str(row[name]) for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def set_up(*, is_smoke: bool) -> Bench:
    """Prepare the data, and measure the bandwidth of the device."""
    name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu" and not is_smoke:
        sys.exit("gpu_evaluator: torch finds no GPU here (see: evonas doctor); try --smoke")
    device = torch.device("cpu" if is_smoke else name)
    torch.set_num_threads(1)
    size = Size(4, 1, 4, 1, images=72) if is_smoke else Size()
    rate = copy_gigabytes_per_second(device, size_bytes=2**16 if is_smoke else 2**30)
    images = random_images(size, device)
    wait(device)
    return Bench(device, size, images, 2 if is_smoke else 30, 8 if is_smoke else 256, rate)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny and on the CPU")
    parser.add_argument("--out", type=Path, default=RESULTS.parent, help="folder of the JSON file")
    parser.add_argument("--no-write", action="store_true", help="do not write RESULTS.md")
    parser.add_argument("--compile-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    bench = set_up(is_smoke=options.smoke)
    if options.compile_only:
        print(json.dumps(measure(bench, Case("best", "bp", bench.batch), "plain compiled")))
        return
    start = time.perf_counter()
    sections = {
        "candidates an hour": (hours(bench), 130),
        "several at once": (concurrency(bench), 60),
        "rules": (rules(bench), 70),
        "nets": (nets(bench), 50),
        "batches": (batches(bench), 30),
        "torch.compile": (compiled(is_smoke=options.smoke), 1),
    }
    chip = torch.cuda.get_device_name(bench.device) if bench.device.type == "cuda" else "CPU"
    found: dict[str, list[Row]] = {}
    text = [
        "## The evaluator on a GPU",
        f"`python -m benchmarks.gpu_evaluator{' --smoke' * options.smoke}` on {chip}, torch "
        f"{torch.__version__}, Python {platform.python_version()}; a copy moves "
        f"{bench.copy_rate:,.0f} GB/s. Batch {bench.batch} unless stated otherwise; "
        f"medians of 3 windows of {bench.num_steps} steps; {len(bench.images):,} random images "
        "of 3x32x32.",
    ]
    print("\n\n".join(text), flush=True)
    for name, (cases, seconds) in sections.items():
        share = 0.02 if options.smoke else 1.0
        found[name] = list(in_time(cases, seconds=share * seconds))
        text += [f"### {name}", table(found[name])]
        print(f"\n### {name} ({time.perf_counter() - start:.0f} s)\n\n{text[-1]}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    document = {"chip": chip, "torch": torch.__version__, "copy_gb_per_s": bench.copy_rate}
    (options.out / "gpu_evaluator.json").write_text(json.dumps(document | found, indent=1))
    if not (options.no_write or options.smoke):
        write_section("gpu_evaluator", "\n\n".join(text))


if __name__ == "__main__":
    main()
