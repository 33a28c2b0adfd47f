"""Rules of other packages. Oracle: their metadata and code."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from evonas.errors import RuleError
from evonas.rules import RULES, AbstractRule, RuleTable, all_rules
from evonas.rules.base import DESCRIPTIONS

RULE = """
from dataclasses import dataclass
from typing import ClassVar
from evonas.rules import AbstractFeedbackRule

@dataclass(frozen=True)
class Mine(AbstractFeedbackRule):
    name: ClassVar[str] = "mine"
    title: ClassVar[str] = "A rule of mine"
    source: ClassVar[str] = "nowhere"
    equation: ClassVar[str] = "V = W / 2"
    transports: ClassVar[str] = "weights"
    sends: ClassVar[str] = "K(g; W / 2)"
    cost: ClassVar[str] = "one product"
    limits: ClassVar[str] = "none known"

    def feedback(self, layer):
        return layer.weight.detach() / 2
"""


class Stranger:
    """An importable third-party module, and the entry points that name it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.module = f"stranger_{number}"
        self.file = folder / f"{self.module}.py"

    def point(self, name: str) -> EntryPoint:
        return EntryPoint(name, f"{self.module}:Mine", "evonas.rules")

    def is_imported(self) -> bool:
        return self.module in sys.modules


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    monkeypatch.syspath_prepend(tmp_path)
    stranger = Stranger(tmp_path, len([name for name in sys.modules if "stranger_" in name]))
    stranger.file.write_text(RULE)
    return stranger


def test_rule_table_without_plugins_equals_builtin_rules() -> None:
    assert dict(RuleTable(RULES, ())) == RULES
    assert RULES.items() <= all_rules().items()


def test_plugin_rule_is_listed_before_its_code_is_imported(stranger: Stranger) -> None:
    table = RuleTable(RULES, [stranger.point("mine")])
    assert "mine" in table
    assert list(table) == [*RULES, "mine"]
    assert len(table) == len(RULES) + 1
    assert table["fa"] is RULES["fa"]
    assert not stranger.is_imported()
    assert table["mine"].name == "mine"
    assert table["mine"] is table["mine"]
    assert stranger.is_imported()


def test_unknown_rule_name_is_no_key(stranger: Stranger) -> None:
    table = RuleTable(RULES, [stranger.point("mine")])
    assert "yours" not in table
    with pytest.raises(KeyError):
        table["yours"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import AbstractFeedbackRule", "import Abstract", "cannot be imported (ImportError: can"),
        ("from dataclasses", "1 / 0\nfrom dataclasses", "cannot be imported (ZeroDivisionError:"),
        ("class Mine(AbstractFeedbackRule)", "class Yours", "cannot be imported (AttributeError"),
        ("(AbstractFeedbackRule)", "", "expected a subclass of evonas.rules.AbstractRule, got <c"),
        ('"mine"', '"yours"', "expected the name 'mine' of its entry point, got 'yours'"),
        ("    cost:", "    price:", "expected the class attributes cost, found none"),
        (
            "    limits: ClassVar[str] = ",
            "    limits: ClassVar[str] #",
            "attributes limits, found",
        ),
        ('= "weights"', '= "some"', "transports to be one of weights, signs, nothing, got 'some'"),
        ("def feedback", "def feedbag", "expected to make one without arguments, got TypeError"),
        ("    def", "    size: int\n\n    def", "without arguments, got TypeError"),
    ],
)
def test_broken_plugin_fails_only_if_its_rule_is_used(
    stranger: Stranger, old: str, new: str, message: str
) -> None:
    assert old in RULE
    stranger.file.write_text(RULE.replace(old, new, 1))
    table = RuleTable(RULES, [stranger.point("mine")])
    assert {name: table[name] for name in RULES} == RULES
    with pytest.raises(RuleError) as problem:
        table["mine"]
    assert f"rule 'mine' of entry point '{stranger.module}:Mine'" in str(problem.value)
    assert message in str(problem.value)


def test_clashing_plugin_names_are_rejected_individually(stranger: Stranger) -> None:
    points = [stranger.point("fa"), stranger.point("mine"), stranger.point("mine")]
    table = RuleTable(RULES, points)
    assert list(table) == [*RULES, "mine"]
    assert len(table) == len(RULES) + 1
    assert table["usf"] is RULES["usf"]
    with pytest.raises(RuleError, match="rule 'fa' is offered by evonas itself and by entry poi"):
        table["fa"]
    with pytest.raises(RuleError, match=r"'mine' is offered by entry point .* and by entry point"):
        table["mine"]
    assert not stranger.is_imported()


def test_required_descriptions_are_class_attributes_without_default() -> None:
    declared = [each for each in AbstractRule.__annotations__ if not hasattr(AbstractRule, each)]
    assert list(DESCRIPTIONS) == declared
