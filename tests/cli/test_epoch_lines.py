"""Lines about a final training in a log; the oracle is a clock that the test sets."""

import io

from rich.console import Console

from evonas.cli.final.view import epoch_lines
from evonas.evaluation.final.final_training import EpochRecord


def test_log_has_a_line_every_ten_seconds_and_for_the_last_epoch() -> None:
    now = 1000.0
    log = io.StringIO()
    show = epoch_lines(Console(file=log), 40, is_quiet=False, clock=lambda: now)
    for seed in (0, 1):
        for epoch in range(1, 41):
            now += 3.0
            show(seed, EpochRecord(epoch, 0.1, 1.5, 0.75, 3.0))
    found = [line.split(":")[0].split("/")[0] for line in log.getvalue().splitlines()]
    zero = [f"seed 0, epoch {epoch}" for epoch in (*range(1, 40, 4), 40)]
    assert found[: len(zero)] == zero
    assert found[-1] == "seed 1, epoch 40"
    assert "seed 0, epoch 40/40: loss 1.5000, validation 75.00 %, 3.0 s" in log.getvalue()


def test_long_epochs_have_a_line_each() -> None:
    now = 0.0
    log = io.StringIO()
    show = epoch_lines(Console(file=log), 3, is_quiet=False, clock=lambda: now)
    for epoch in (1, 2, 3):
        now += 60.0
        show(0, EpochRecord(epoch, 0.1, 1.5, None, 60.0))
    assert len(log.getvalue().splitlines()) == 3


def test_quiet_training_and_terminals_have_no_lines() -> None:
    for console, is_quiet in (
        (Console(file=io.StringIO()), True),
        (Console(file=io.StringIO(), force_terminal=True), False),
    ):
        epoch_lines(console, 1, is_quiet=is_quiet)(0, EpochRecord(1, 0.1, 1.5, 0.75, 3.0))
        assert console.file.getvalue() == ""  # type: ignore[attr-defined]
