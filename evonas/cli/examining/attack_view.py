"""The results of attacks on a network, in the terminal."""

from rich.console import Console
from rich.table import Table

from evonas.api.attacking import AttackReport
from evonas.api.terminal.console import say
from evonas.api.terminal.tables import print_table
from evonas.evaluation.attacks.masking.report import MEANINGS


def show_attacks(console: Console, report: AttackReport, *, title: str) -> None:
    """Print the table, what the checks for masking say, and where the files are.

    Args:
        console: console to print on.
        report: report of one network.
        title: above the table.
    """
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("radius", "attack", "gradient", "accuracy", "95 %", "clean"):
        is_number = name in ("accuracy", "95 %", "clean")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    notes: dict[str, str] = {}
    last = None
    for row in report.table.to_dict("records"):
        if last is not None and row["epsilon"] != last:
            table.add_section()
        is_worst = row["attack"] == "worst case"
        gradient = "masked" if row["masked"] else row["gradient"]
        table.add_row(
            row["epsilon"] if row["epsilon"] != last else "",
            row["attack"],
            "" if is_worst or gradient == "none" else gradient,
            f"{row['accuracy']:.3f}±{row['se']:.3f}",
            f"{row['low']:.3f} to {row['high']:.3f}",
            f"{row['clean']:.3f}",
            style="bold" if is_worst else "dim" if row["masked"] else "",
        )
        last = row["epsilon"]
        if row["note"]:
            notes[row["attack"]] = row["note"]
    print_table(console, table)
    for name, note in notes.items():
        say(console, f"{name}: {note}")
    say(console, "worst case: per image over the attacks of a radius; ± one standard error")
    if any(each.is_masked for each in report.outcomes):
        say(
            console,
            "masked: along the surrogate gradient, the rules' own backward pass; does not measure "
            "robustness",
        )
    for epsilon, masking in report.masking.items():
        if masking.flags:
            reasons = "; ".join(f"{flag}: {MEANINGS[flag]}" for flag in masking.flags)
            say(console, f"radius {epsilon} is in doubt: {reasons}")
    if not report.flags:
        say(console, "no sign of gradient masking at these radii")
    if report.folder is not None:
        say(console, f"table, JSON and picture: {report.folder}")
