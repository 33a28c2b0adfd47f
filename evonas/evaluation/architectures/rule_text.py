"""Parse learning rules with options from text, such as ``usf`` or ``kp(scale='rms')``."""

import ast

from evonas.errors import RuleError, UnknownNameError
from evonas.registry import look_up
from evonas.rules import AbstractRule, all_rules


def parse_rule(text: str) -> AbstractRule:
    """Create the rule that a text describes.

    Args:
        text: name of a rule, optionally with options in brackets, written like a Python call with
            keyword arguments whose values are literals.

    Raises:
        UnknownNameError: there is no such rule.
        RuleError: the brackets contain something else, or an option is unknown or out of range.

    Examples:
        >>> parse_rule("local(beta=0.99)").beta
        0.99
    """
    name, bracket, _ = text.partition("(")
    if any(sign in name for sign in ":=["):
        raise RuleError(
            f"rule '{text}': expected a name, with options in round brackets: kp(scale='rms')"
        )
    make = look_up(all_rules(), name.strip(), kind="rule")
    if not bracket:
        return make()
    expected = f"rule '{text}': expected options such as {name.strip()}(option=0.5)"
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError("no call with keywords")
        options = {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
    except (SyntaxError, ValueError) as problem:
        raise RuleError(f"{expected} ({problem})") from problem
    try:
        return make(**options)
    except TypeError as problem:  # an option that the rule does not have
        raise RuleError(f"{expected}; {problem}") from problem


def split_rules(text: str) -> tuple[str, ...]:
    """Split a comma-separated list of rules; commas within brackets do not separate.

    Raises:
        UnknownNameError: a rule is missing between two commas.

    Examples:
        >>> split_rules("usf,local(beta=0.5,pool=2),kp")
        ('usf', 'local(beta=0.5,pool=2)', 'kp')
    """
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    rules = tuple(part.strip() for part in parts)
    if not all(rules):
        raise UnknownNameError(f"rule: expected names with commas between them, got '{text}'")
    return rules
