"""Shared by the fuzz tests: number of inputs, and texts with random damage."""

import os
import random
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from evonas.errors import EvonasError

NUM_KINDS = 10
"""Number of kinds of inputs: spaces, configurations, genomes, tables, benchmark records, command
lines, command lines about a run, recipes, models, journals."""

NUM_INPUTS = int(os.environ.get("EVONAS_FUZZ", "300"))
"""Total number of inputs of all kinds."""

fuzzed = settings(
    max_examples=-(-NUM_INPUTS // NUM_KINDS),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

ODD = (
    "", " ", "-", "-1", "0", "1", "2", "3.5", "1e3", "1e400", "-1e-400", "nan", "inf", "-inf",
    "0x10", "012", "1_000", "12:30", "1/0", "1/255", "9" * 40, "9" * 5000, "yes", "no", "on", "~",
    "null", "[]", "{}", "[", "{", "|", ">", "&a", "*a", "!!python/object:os.system",
    "!!binary aGk=", "2000-13-45", "2001-01-01", "é", "\u2028", "\x00", "\x85", "\ufeff",
    "\ud800", "😀", "a" * 300, "../..", "/", "~0", "@", ":", ",", "#", "%", "'", '"', "\t", "\n",
    "\\", "?", "- -", "<<",
)  # fmt: skip
"""Tokens that often break parsers."""

odd_tokens = st.sampled_from(ODD)
seeds = st.integers(0, 2**32 - 1)


def broken(text: str, *, rng: random.Random, others: Sequence[str] = ()) -> str:
    """The text with up to six random changes: parts deleted, doubled, moved or replaced."""
    for _ in range(rng.randrange(7)):
        text = _changed(text, rng, others)
    return text


def _changed(text: str, rng: random.Random, others: Sequence[str]) -> str:
    start = rng.randrange(len(text) + 1)
    end = min(len(text), start + rng.choice((1, 1, 2, 4, 8, 40)))
    kind = rng.randrange(7)
    if kind == 0:
        return text[:start] + text[end:]
    if kind == 1:
        return text[:end] + text[start:]
    if kind == 2:
        return text[:start] + rng.choice(ODD) + text[end:]
    if kind == 3:
        return text[:start] + rng.choice(others or ODD) + text[start:]
    if kind == 4:
        return (
            text[:start]
            + chr(rng.choice((0, 9, 10, 32, 45, 58, 124, 126, 233, 8232)))
            + text[end:]
        )
    lines = text.splitlines(keepends=True) or [""]
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    if kind == 5:
        lines[one], lines[other] = lines[other], lines[one]
    else:  # a value of a different type
        name, colon, _ = lines[one].partition(":")
        lines[one] = f"{name}{colon} {rng.choice((*others, *ODD))}\n"
    return "".join(lines)


def encodable(text: str) -> str:
    """The text without characters that UTF-8 cannot encode."""
    return text.encode("utf-8", "ignore").decode("utf-8")


@contextmanager
def in_bounded_time(what: object, *, seconds: float = 60.0) -> Iterator[None]:
    """Fail if the block takes longer than ``seconds``."""

    def fail(*_: Any) -> None:
        raise AssertionError(f"not finished after {seconds:.0f} seconds: {what}")

    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check_refusal(problem: EvonasError) -> None:
    """Check that an error has a message, and that it does not repeat the whole input."""
    assert type(problem) is not EvonasError
    assert problem.exit_code in (2, 3)
    assert str(problem).strip()
    assert len(str(problem)) < 20_000


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.dates()
keys = odd_tokens | st.text(max_size=5)
documents = st.recursive(
    plain | odd_tokens | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
"""Arbitrary plain data, as in YAML or JSON."""


def sit_at(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands see only the files of this folder, and nothing of the user."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.delenv("EVONAS_DATA", raising=False)


def begins(*_: Any, **__: Any) -> None:
    """Replacement for long work: the command exits where the work would begin."""
    raise SystemExit(0)
