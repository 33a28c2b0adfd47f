"""Attacks read back from findings: the oracle is what was written."""

import pytest

from evonas.errors import StorageError
from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.evaluation.attacks.masking.report import Masking, MaskingCheck
from evonas.report.attacks.reading import ATTACK, read_attacks
from evonas.study.journal.findings import Finding

MASKING = Masking((MaskingCheck("order", 0.2, 0.05, True),), None, None, 4)


def outcome(attack: str, epsilon: str) -> Outcome:
    return Outcome(attack, epsilon, "true", "1111", "1100", 0.5)


def test_attack_results_are_grouped_by_network_part_images_and_seed() -> None:
    findings = [
        Finding(ATTACK, key, f"{part} {images} {seed} {name}", 0, body)
        for key, part, images, seed in (
            ("a", "validation", 4, 0),
            ("a", "test", 4, 0),
            ("b", "test", 9, 1),
        )
        for name, body in (
            ("square-500 1/255 true", outcome("square-500", "1/255").as_document()),
            ("masking 1/255", MASKING.as_document()),
            ("pixel-1", outcome("pixel-1", "").as_document()),
        )
    ]
    found = read_attacks(findings)
    assert [(f.key, f.part, f.images, f.seed) for f in found] == [
        ("a", "validation", 4, 0), ("a", "test", 4, 0), ("b", "test", 9, 1),
    ]  # fmt: skip
    for each in found:
        assert each.outcomes == (outcome("square-500", "1/255"), outcome("pixel-1", ""))
        assert each.masking == {"1/255": MASKING}


@pytest.mark.parametrize(
    ("name", "body"),
    [("validation 4", {}), ("validation x 0 pixel-1", {}), ("test 4 0 pixel-1", {"attack": "a"})],
)
def test_damaged_attack_finding_is_rejected(name: str, body: dict[str, str]) -> None:
    with pytest.raises(StorageError, match="damaged attack"):
        read_attacks([Finding(ATTACK, "a", name, 0, body)])
