"""The audit of a network as printed; the oracle is the report it shows."""

import io

from rich.console import Console

from evonas.cli.examining.audit import audit_table
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.masking.report import MEANINGS, Masking, MaskingCheck

CHECKS = (
    MaskingCheck("grad_honesty", 0.25, 0.1, is_flagged=True),
    MaskingCheck("zero_gradient", 0.0, 0.05, is_flagged=False),
    MaskingCheck("step_gap", None, 0.02, is_flagged=False),
)


def printed(report: LevelOne) -> list[list[str]]:
    """The cells of each printed row; columns are separated by at least two spaces."""
    console = Console(file=io.StringIO(), width=300)
    console.print(audit_table(report))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.split("\n")
    ]


def test_audit_shows_every_attack_and_every_check_with_its_threshold() -> None:
    masking = Masking(CHECKS, surrogate_gap=0.031, gradient_cosine=0.42, num_images=80)
    report = LevelOne(0.95, {"apgd-ce": 0.51, "square": 0.5}, 0.49, 0.056, masking, 80)
    rows = printed(report)
    assert ["accuracy without attack", "0.950"] in rows
    assert ["after apgd-ce", "0.510"] in rows
    assert ["after square", "0.500"] in rows
    assert ["under all of them", "0.490±0.056", "of 80 images"] in rows
    assert ["grad_honesty", "0.25", "0.1", f"FLAGGED: {MEANINGS['grad_honesty']}"] in rows
    assert ["zero_gradient", "0", "0.05"] in rows
    assert ["step_gap", "not measured", "0.02"] in rows
    assert ["surrogate_gap", "+0.031"] in [row[:2] for row in rows]
    assert ["gradient_cosine", "0.42"] in [row[:2] for row in rows]


def test_network_without_rules_has_no_rows_about_rules() -> None:
    masking = Masking(CHECKS, surrogate_gap=None, gradient_cosine=None, num_images=80)
    rows = printed(LevelOne(0.95, {}, 0.95, 0.02, masking, 80))
    assert not {"surrogate_gap", "gradient_cosine"} & {row[0] for row in rows if row}
