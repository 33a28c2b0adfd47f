"""``evonas front`` on candidates made by hand, with the numbers that they were made of."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from evonas.cli import front as module
from evonas.cli.claims import claim_and_confirmation
from evonas.evaluation.record import Evaluation
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.reading import RunState
from tests.known_candidates import candidates
from tests.small_run import SMALL_RUN

OBJECTIVES = ("acc", "params")


def training(key: str, replicate: int, acc: float, *, violation: float = 0.0) -> Evaluation:
    return Evaluation(
        key=key, genome="g", values={"acc": acc, "params": 9.0, "bio": 1.0},
        weights_by_rule={"fa": 9}, losses=(1.0,), epochs=1, seconds=1.0, seed=replicate,
        replicate=replicate, violation=violation, learned=acc,
        left_out="outside acc>=0.85" if violation else None,
    )  # fmt: skip


def known(key: str, **means: float) -> Confirmed:
    return Confirmed(key, 2, 0 if means else 2, means, dict.fromkeys(means))


def test_claim_counts_the_networks_that_were_confirmed() -> None:
    """A run may be extended after its confirmation; then networks of its front have none."""
    old, new = front = candidates([training("a", 0, 0.8), training("b", 0, 0.6)], ("acc",))
    both = {"a": known("a", acc=0.7), "b": known("b", acc=0.5)}
    assert claim_and_confirmation(front, both) == (
        "mean over the front: the search claimed acc 0.7000; confirmed: acc 0.6000"
    )
    assert claim_and_confirmation(front, {"a": both["a"]}) == (
        "mean over 1 of 2 networks of the front: the search claimed acc 0.8000; confirmed: acc "
        "0.7000"
    )
    lost = claim_and_confirmation([old], {"a": known("a")})
    assert lost.endswith("all fresh trainings failed or collapsed")
    assert "failed" not in claim_and_confirmation([new], {"a": both["a"]})


def shown(
    folder: Path, trainings: Sequence[Evaluation], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    found = candidates(trainings, OBJECTIVES, replicates="2")
    state = RunState(folder, SMALL_RUN, list(trainings), found, {}, {})
    monkeypatch.setattr(module, "read_run", lambda _: state)
    monkeypatch.setattr(module, "write_picture", lambda *_: "front.png")
    monkeypatch.setattr(module, "read_twin_differences", lambda _: {})
    text = io.StringIO()
    module.show_front(Console(file=text, width=200), folder)
    return text.getvalue().splitlines()


def test_probability_is_a_dash_if_the_noise_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first training was outside a constraint and not attacked, so one value is known."""
    first = training("a", 0, 0.83, violation=0.02)
    some = [replace(first, values={"acc": 0.83}), training("a", 1, 0.88)]
    head, row, *_ = shown(tmp_path, some, monkeypatch)
    assert dict(zip(head.split(), row.split(), strict=False))["P"] == "-"
    both = [training("a", 0, 0.88), training("a", 1, 0.86)]
    head, row, *_ = shown(tmp_path, both, monkeypatch)
    assert dict(zip(head.split(), row.split(), strict=False))["P"] == "1.00"


@pytest.mark.parametrize(("names", "told"), [("b", "1 other likely"), ("bc", "2 others likely")])
def test_candidates_that_may_be_on_the_front_are_counted(
    names: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    means = [("a", 0.84), *((name, 0.83) for name in names)]
    some = [
        training(name, number, mean + (number - 0.5) / 20)
        for name, mean in means
        for number in (0, 1)
    ]
    lines = shown(tmp_path, some, monkeypatch)
    assert any(f", {told} to be on it" in line for line in lines)
