"""A recorder that replaces a CUDA graph in tests.

Like a graph, it records operations with the memory they read and write, ignores Python code, and
replays the operations.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# operations for which the host waits for the device, or the device for values of the host
WAITS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "unique", "lift_fresh")


class Recorder(TorchDispatchMode):
    """Records the operations of a ``with`` block; rejects those that would synchronise."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        assert func.overloadpacket.__name__ not in WAITS, func
        results = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, results))
        return results

    def replay(self) -> None:
        """Repeat every operation; results are written to the memory of the recording."""
        with torch.no_grad():
            for func, args, kwargs, results in self.calls:
                again = tree_leaves(func(*args, **kwargs))
                for old, new in zip(tree_leaves(results), again, strict=True):
                    if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                        old.copy_(new)
