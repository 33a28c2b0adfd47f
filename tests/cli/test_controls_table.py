"""Controls as printed; the oracle is the comparison that each row shows."""

import io
from pathlib import Path

import pandas as pd
from rich.console import Console

from evonas.api.ablating import Ablation
from evonas.cli.controls import show_controls
from evonas.report.controls.comparison import Comparison
from evonas.report.controls.paired import Estimate


def compared(
    control: str, measure: str = "test_acc", *, own: Estimate | None = None,
    difference: Estimate | None = None, pairs: int = 0, p: tuple[float | None, ...] = (None, None),
    members: int = 1, lost: tuple[int, int] = (0, 0), is_member: bool = False,
) -> Comparison:  # fmt: skip
    return Comparison(
        control, measure, members, is_member, 5 * members, *lost, own, difference, pairs, None, *p
    )


def printed(*comparisons: Comparison, left_out: tuple[str, ...] = ()) -> str:
    console = Console(file=io.StringIO(), width=200)
    folder = Path("run") / "controls" / "k"
    show_controls(console, Ablation("k", folder, [*comparisons], pd.DataFrame(), left_out))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def cells(text: str) -> list[list[str]]:
    """The cells of each row of the first table; its header says where each column begins."""
    table = text.partition("\ncontrol ")[2].partition("\ndifference: ")[0]
    header, *rows = f"control {table}".splitlines()
    names = ["control", "mean", "difference", "pairs", "p ", "p signs", "network", "lost"]
    begins = [header.index(name) for name in names if name in header]
    return [
        [row[a:b].strip() for a, b in zip(begins, [*begins[1:], None], strict=True)]
        for row in rows
    ]


def gap(mean: float) -> Estimate:
    return Estimate(mean, 0.01, mean - 0.02, mean + 0.02, 0.5)


NETWORK = compared("network", own=Estimate(0.9, 0.002, 0.895, 0.905, 0.0))


def test_each_control_has_its_numbers_by_column() -> None:
    text = printed(
        NETWORK,
        compared("all fa", own=Estimate(0.8, None, None, None, None), difference=gap(0.1),
                 pairs=5, p=(0.0009, 0.001)),
        compared("all bp", own=gap(0.95), difference=gap(-0.05), pairs=4, p=(0.04, 0.125)),
        compared("random rules", own=gap(0.87), difference=gap(0.03), pairs=3, p=(0.5, 1.0),
                 members=5),
        compared("random rules 1", own=gap(0.87), difference=gap(0.03), is_member=True),
        compared("all usf", lost=(5, 0)),
    )  # fmt: skip
    assert cells(text) == [
        ["network", "0.900 ±0.005", "-", "", "", "", "", ""],
        ["all bp", "0.950 ±0.020", "-0.050 ±0.020", "4", "0.040", "0.125", "worse", ""],
        ["random rules (5)", "0.870 ±0.020", "+0.030 ±0.020", "3", "0.500", "1.000", "=", ""],
        ["all fa", "0.800", "+0.100 ±0.020", "5", "<.001", "0.001", "better", ""],
        ["all usf", "-", "-", "", "", "", "untested", "5 of 5"],
    ]


def test_table_of_the_test_part_is_preferred_and_lost_is_shown_only_if_there_is_any() -> None:
    on_test = compared("all bp", own=gap(0.8), difference=gap(0.1), pairs=5, p=(0.02, 0.0625))
    on_validation = compared("all bp", "acc", own=gap(0.7), difference=gap(0.2), pairs=5)
    text = printed(on_validation, on_test, left_out=("all kp: no layer can have it",))
    assert text.startswith("\nacc on the test part\n")
    assert "validation" not in text
    assert " lost" not in text.partition("\ndifference: ")[0]
    assert cells(text) == [
        ["all bp", "0.800 ±0.020", "+0.100 ±0.020", "5", "0.020", "0.062", "better"]
    ]
    assert "\nacc on the test part: the network is better than its bp twin: " in text
    assert "\nleft out: all kp: no layer can have it\n" in text
    home = Path("run") / "controls" / "k"
    assert text.endswith(f"\ntable: {home / 'controls.csv'}; picture: {home / 'controls.png'}\n")
    assert printed(on_validation).startswith("\nacc on the validation part\n")
