"""A package with two learning rules: one fails during training, the other works.

Worker processes too find it by its metadata, like an installed package.
"""

import os
import sys
from pathlib import Path

import pytest

from evonas.rules import all_rules

METADATA = "Metadata-Version: 2.1\nName: faulty-rules\nVersion: 1.0\n"
ENTRY_POINTS = "[evonas.rules]\nfaulty = faulty_rules:Faulty\nsound = faulty_rules:Sound\n"
MODULE = """
import ctypes, os, resource, signal, time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from evonas.rules import AbstractFeedbackRule

POISONED = []


def device_fails():
    POISONED.append(True)
    raise torch.AcceleratorError("CUDA error: device-side assert triggered\\nCUDA kernel errors")


def memory_runs_out():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


FAULTS = {
    "abort": os.abort,
    "segmentation fault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(600),
    "device": device_fails,
    "memory": memory_runs_out,
    "none": lambda: None,
}


class Half(AbstractFeedbackRule):
    source: ClassVar[str] = "a test"
    equation: ClassVar[str] = "V = W / 2"
    transports: ClassVar[str] = "weights"
    sends: ClassVar[str] = "K(g; W / 2)"
    cost: ClassVar[str] = "one product"
    limits: ClassVar[str] = "none"


@dataclass(frozen=True)
class Sound(Half):
    name: ClassVar[str] = "sound"
    title: ClassVar[str] = "A rule that works while its process does"

    def feedback(self, layer):
        if POISONED:
            raise torch.AcceleratorError("CUDA error: device-side assert triggered, earlier")
        return layer.weight.detach() / 2


@dataclass(frozen=True)
class Faulty(Half):
    name: ClassVar[str] = "faulty"
    title: ClassVar[str] = "A rule that fails"

    def feedback(self, layer):
        folder = Path(__file__).parent
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is to leave nothing here
        left = int((folder / "times").read_text())
        if left and os.getpid() != int((folder / "spared").read_text()):
            (folder / "times").write_text(str(left - 1))
            FAULTS[(folder / "fault").read_text()]()
        return layer.weight.detach() / 3
"""


class FaultyRules:
    """The package in a folder.

    Args:
        folder: folder of the package.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        metadata = folder / "faulty_rules-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(METADATA)
        (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
        (folder / "faulty_rules.py").write_text(MODULE)
        (folder / "spared").write_text(str(os.getpid()))  # the process of the tests must survive
        self.fail("none", times=0)

    def fail(self, fault: str, *, times: int) -> None:
        """Let the rule ``faulty`` fail a number of times, over all processes, then work again."""
        (self._folder / "fault").write_text(fault)
        (self._folder / "times").write_text(str(times))

    @property
    def times_left(self) -> int:
        """Number of failures still to come."""
        return int((self._folder / "times").read_text())


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FaultyRules:
    """Install the package for this process and its children until the end of the test."""
    rules = FaultyRules(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "faulty_rules", raising=False)  # left by the previous test
    all_rules.cache_clear()
    return rules
