"""Detect that memory ran out, whichever allocator reports it, and release what was held."""

import errno
import gc
import traceback

import torch

from evonas.evaluation.onednn_thread import FAILED_KERNEL, note_failure
from evonas.evaluation.record import OUT_OF_MEMORY

TEXTS = (
    "out of memory",  # CUDA's driver, and torch where it names the device
    "allocate",  # DefaultCPUAllocator: can't allocate memory; Unable to allocate (numpy)
    FAILED_KERNEL,
    "could not create a memory",  # oneDNN, for a tensor
    "alloc_failed",  # cuBLAS and cuDNN
    "bad_alloc",  # C++
    "can't start new thread",  # no memory for the stack of the thread
)
"""Lower-case substrings of the error messages that report a failed allocation."""


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an allocation failed, on a CPU or on a GPU.

    Only torch's GPU allocator raises a class of its own; on a CPU the text of a ``RuntimeError``
    has to be inspected. An evonas error raised from such an error (for example, for a file that
    could not be read) counts too.
    """
    if problem.__cause__ is not None and is_out_of_memory(problem.__cause__):
        return True
    if isinstance(problem, (torch.OutOfMemoryError, MemoryError)):
        return True
    if isinstance(problem, OSError):
        return problem.errno == errno.ENOMEM
    if not isinstance(problem, RuntimeError):
        return False
    text = str(problem).lower()
    return any(known in text for known in TEXTS)


def memory_failure(problem: BaseException) -> str:
    """The failure of a candidate in one line.

    Releases the objects held by the error's frames, and notes whether this thread can go on.
    """
    note_failure(problem)
    held: BaseException | None = problem
    while held is not None:
        traceback.clear_frames(held.__traceback__)
        held.__traceback__ = None
        held = held.__context__
    lines = str(problem).splitlines() or [type(problem).__name__]
    return f"{OUT_OF_MEMORY}: {lines[0]}"


def release_memory(device: str) -> None:
    """Free unused memory for the next candidate.

    Args:
        device: name of the device, as in torch.
    """
    gc.collect()
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()
