"""``evonas doctor``: the hardware, how a run would use it, and its speed."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from evonas import __version__
from evonas.api.terminal.json_output import print_json
from evonas.cli.examining.machine import GIB, Machine, problems, this_machine
from evonas.evaluation.memory import is_out_of_memory, memory_failure
from evonas.evaluation.training.devices import devices_of, resolve_device
from evonas.evaluation.training.precision import default_precision
from evonas.evaluation.training.speed import Speed, training_speed
from evonas.rules.kernels import problem_with
from evonas.settings.machine import Precision
from evonas.study.executors.device import SLOTS

GPU_BATCH = 256
CPU_BATCH = 64


def examine(console: Console, *, device: str, as_json: bool) -> None:
    """Print the report for ``device``.

    Raises:
        ConfigError: this machine has no such device.
    """
    machine, device = this_machine(), resolve_device(device)
    if as_json:
        print_json(console, _document(machine, device))
        return
    console.print(_inventory(machine))
    console.print()
    _print_titled(console, "path of a run", path(machine, device))
    found = problems(machine)
    for one in devices_of(device):
        try:
            if one != "cpu":
                _print_titled(console, "kernels", kernels(one))
            _print_titled(console, "measured", measured(one, _speeds(one)))
        except RuntimeError as problem:
            found.append(_no_memory(one, problem))
    for text in found:
        _print_titled(console, "problem", text, style="bold yellow")
    if not found:
        console.print("no problems found")


def path(machine: Machine, device: str) -> str:
    """How candidates will be evaluated, in a sentence."""
    precision = default_precision(device)
    if device == "cpu":
        workers = f"{machine.cores} processes" if machine.cores > 1 else "this process"
        return f"--device cpu: {workers} with one thread each, {precision}, eager"
    count = len(devices_of(device))
    return (
        f"--device {device}: a process for each of {count} GPU{'s' * (count > 1)}, {SLOTS} "
        f"candidates at once in each, {precision}, steps replayed as CUDA graphs"
    )


def kernels(device: str) -> str:
    """Whether a GPU's steps use the kernels of evonas, in a sentence."""
    problem = problem_with(device)
    if problem is None:
        return f"{device}: all passed their checks and are used in training"
    return f"{device}: not used, training runs without them: {problem}"


def measured(device: str, speeds: Mapping[Precision, Speed]) -> str:
    """How fast one device trains, by precision, in a sentence."""
    text = "; ".join(
        f"{precision} {speed.images_per_second:,.0f} images/s, {speed.step_milliseconds:.1f} ms a "
        f"step of {speed.batch}"
        for precision, speed in speeds.items()
    )
    text = (
        f"{device}: {text} (one candidate: the best cell of NAS-Bench-201, 16 channels, one cell "
        f"per stage, 32x32 images)"
    )
    reasons = {speed.fallback for speed in speeds.values() if speed.fallback is not None}
    if reasons and device != "cpu":
        text += f"; not replayed: {', '.join(sorted(reasons))}"
    return text


def _print_titled(console: Console, title: str, text: str, *, style: str = "bold") -> None:
    console.print(Text.assemble((f"{title:<13}", style), f"  {text}"))


def _speeds(device: str) -> dict[Precision, Speed]:
    """By precision: the default one first, then bfloat16."""
    batch = CPU_BATCH if device == "cpu" else GPU_BATCH
    precisions: tuple[Precision, ...] = (default_precision(device), "bf16")
    return {each: training_speed(device, precision=each, batch=batch) for each in precisions}


def _no_memory(device: str, problem: RuntimeError) -> str:
    """What to do if a device has too little free memory to be examined; raises other errors."""
    if not is_out_of_memory(problem):
        raise problem
    return f"{device}: not measured: {memory_failure(problem)}; end what else uses the device"


def _document(machine: Machine, device: str) -> dict[str, object]:
    found = problems(machine)
    devices: dict[str, object] = {}
    for one in devices_of(device):
        try:
            used = None if one == "cpu" else kernels(one)
            devices[one] = {"speeds": _speeds(one), "kernels": used}
        except RuntimeError as problem:
            found.append(_no_memory(one, problem))
    return {
        "evonas": __version__,
        "machine": machine,
        "path": path(machine, device),
        "devices": devices,
        "problems": found,
    }


def _inventory(machine: Machine) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    cuda = machine.cuda_of_torch
    built = "without CUDA" if cuda is None else f"with CUDA {cuda}"
    memory = "unknown" if machine.memory_bytes is None else f"{machine.memory_bytes / GIB:.1f} GiB"
    table.add_row("evonas", __version__)
    table.add_row("python", machine.python)
    table.add_row("torch", f"{machine.torch}, built {built}")
    table.add_row("triton", machine.triton or "not installed")
    table.add_row("cores", str(machine.cores))
    table.add_row("memory", memory)
    for number, gpu in enumerate(machine.gpus):
        table.add_row(
            f"cuda:{number}",
            f"{gpu.name}, {gpu.memory_bytes / GIB:.0f} GiB, compute capability "
            f"{gpu.capability[0]}.{gpu.capability[1]}",
        )
    if not machine.gpus:
        table.add_row("GPU", "none that torch can use")
    table.add_row("data", str(machine.data_dir))
    return table
