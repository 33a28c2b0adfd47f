"""The audit of one network, in the terminal."""

from rich.table import Table

from evonas.cli.estimates import estimate
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.masking.report import MEANINGS, Masking


def audit_table(found: LevelOne) -> Table:
    """The accuracy left under each attack, and every check of masking with its threshold."""
    table = Table("audit", "value", "flagged above", "", box=None)
    table.add_row("accuracy without attack", f"{found.clean:.3f}", "", "")
    for name, accuracy in found.accuracies.items():
        table.add_row(f"after {name}", f"{accuracy:.3f}", "", "")
    worst = estimate(found.worst_case, found.standard_error)
    table.add_row("under all of them", worst, "", f"of {found.num_images} images")
    add_masking(table, found.masking)
    return table


def add_masking(table: Table, masking: Masking) -> None:
    """A row for each check, and for the measurements on the learning rule.

    Args:
        table: table of four columns.
        masking: the diagnostics.
    """
    for check in masking.checks:
        value = "not measured" if check.value is None else f"{check.value:.3g}"
        verdict = f"FLAGGED: {MEANINGS[check.name]}" if check.is_flagged else ""
        table.add_row(check.name, value, f"{check.threshold:.3g}", verdict)
    if masking.surrogate_gap is not None and masking.gradient_cosine is not None:
        gap, cosine = f"{masking.surrogate_gap:+.3f}", f"{masking.gradient_cosine:.2f}"
        table.add_row(
            "surrogate_gap", gap, "", "accuracy under the rule's own gradient is too high by this"
        )
        table.add_row("gradient_cosine", cosine, "", "of the rule: own and true gradient")
