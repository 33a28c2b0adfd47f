"""The learning rules in the terminal: a row for each, or all about one."""

from dataclasses import fields, is_dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evonas.api.catalogue import rules_and_problems
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json, without_spaces
from evonas.cli.catalogue.listing import print_rows
from evonas.errors import RuleError
from evonas.registry import look_up
from evonas.rules import ALIASES, AbstractRule, all_rules

NOTATION = (
    "W weights, x input, g signal received for the output, e error of the logits, K(g; V) the "
    "transposed pass of g through V, C(x, g) the correlation that back-propagation learns from, "
    "sigma the size of feedback"
)


def list_rules(console: Console, *, as_json: bool) -> list[RuleError]:
    """One row for each rule.

    Returns:
        The problems of unusable ones from other packages.
    """
    rows, problems = rules_and_problems()
    print_rows(console, rows, as_json=as_json)
    for alias, name in ALIASES.items() if not as_json else ():
        say(console, f" {alias} is another name of {name}")
    return problems


def show_rule(console: Console, name: str, *, as_json: bool) -> None:
    """Print everything about one rule.

    Raises:
        UnknownNameError: there is no rule of this name.
        RuleError: its package cannot be used.
    """
    rule = look_up(all_rules(), ALIASES.get(name, name), kind="rule")
    if as_json:
        facts = without_spaces(dict(_facts(rule)))
        print_json(console, {"name": rule.name, "title": rule.title, **facts})
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for label, text in _facts(rule):
        table.add_row(label, text)
    console.print(Text.assemble((rule.name, "bold"), f": {rule.title}"), soft_wrap=True)
    console.print(Padding(table, (0, 0, 1, 2)))
    console.print(Text(NOTATION, style="dim"))


def _facts(rule: type[AbstractRule]) -> list[tuple[str, str]]:
    facts = [
        ("equation", rule.equation),
        ("sends", rule.sends),
        ("updates by", rule.updates),
        ("transports", rule.transports),
        ("needs", _needs(rule)),
        ("options", _options(rule)),
        ("extra cost", rule.cost),
        ("limits", rule.limits),
        ("source", rule.source),
        *(("package", f"{p} {v}") for p, v in all_rules().packages([rule.name]).items()),
    ]
    return [(label, text) for label, text in facts if text]


def _needs(rule: type[AbstractRule]) -> str:
    needs = ["the error of the logits"] * rule.needs_error
    return ", ".join(needs + ["weight decay above 0"] * rule.needs_weight_decay)


def _options(rule: type[AbstractRule]) -> str:
    """The fields of the dataclass with their defaults, as Python writes them."""
    if not is_dataclass(rule):
        return ""
    default = rule()
    return ", ".join(f"{field.name}={getattr(default, field.name)!r}" for field in fields(rule))
