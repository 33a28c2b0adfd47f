"""Compile every launch for an H100 on a machine without one, and report its resources.

Run as a program, without ``TRITON_INTERPRET``. The launchers run unchanged on tensors of the meta
device; each launch is compiled for its arguments instead of being started. Prints one JSON object
per launch: kernel, registers, stack_bytes, shared_bytes. With ``--sweep``, every row of the table
of blocks is compiled instead of a few.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from tests.kernels.launches import LAUNCHES, sweep

H100 = GPUTarget("cuda", 90, 32)
TYPES = {
    torch.float32: "fp32", torch.bfloat16: "bf16", torch.float64: "fp64", torch.int32: "i32",
    torch.int64: "i64",
}  # fmt: skip


def type_of(value: Any) -> Any:
    """The type for which Triton compiles an argument."""
    if isinstance(value, tuple):
        return tuple(type_of(entry) for entry in value)
    if isinstance(value, torch.Tensor):
        return f"*{TYPES[value.dtype]}"
    if isinstance(value, float):
        return "fp32"
    return "i32" if -(2**31) <= value < 2**31 else "i64"


def divisible(value: Any, place: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Positions of arguments that Triton would know to be multiples of 16 on a GPU."""
    if isinstance(value, tuple):
        for i, entry in enumerate(value):
            yield from divisible(entry, (*place, i))
    elif isinstance(value, torch.Tensor) or (isinstance(value, int) and value % 16 == 0):
        yield place  # torch aligns its allocations


def compiled(kernel: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """Compile one launch, and return the resources of its code."""
    names = kernel.arg_names
    constants = {name: value for name, value in options.items() if name in names}
    given = dict(zip(names, arguments, strict=False))
    source = ASTSource(
        fn=kernel,
        signature={n: type_of(given[n]) if n in given else "constexpr" for n in names},
        constexprs=constants,
        attrs={
            place: [["tt.divisibility", 16]]
            for i, value in enumerate(arguments)
            for place in divisible(value, (i,))
        },
    )
    rest = {name: value for name, value in options.items() if name not in names}
    result = triton.compile(source, target=H100, options=rest)
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernel.cubin"
        cubin.write_bytes(result.asm["cubin"])
        said = subprocess.run(
            [triton.knobs.nvidia.cuobjdump.path, "-res-usage", str(cubin)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    numbers = {name: int(n) for name, n in re.findall(r"(REG|STACK|LOCAL):(\d+)", said)}
    return {
        "kernel": kernel.__name__,
        "registers": numbers["REG"],
        "stack_bytes": numbers["STACK"] + numbers["LOCAL"],
        "shared_bytes": result.metadata.shared,
    }


def main() -> None:
    """Compile and report every launch of the table."""
    case = ""

    def instead(kernel: Any, _: Any) -> Callable[..., None]:
        def report(*arguments: Any, **options: Any) -> None:
            needs = compiled(kernel, arguments, options)
            print(json.dumps({"case": f"{case}: {kernel.__name__}", **needs}), flush=True)

        return report

    triton.runtime.jit.KernelInterface.__getitem__ = instead
    for case, start in sweep() if "--sweep" in sys.argv else LAUNCHES.items():  # noqa: B007
        start()


if __name__ == "__main__":
    main()
