"""Texts about settings, for ``evonas run --help`` and the reference page."""

from evonas.markdown import markdown_table
from evonas.settings.setting import Setting
from evonas.settings.tree import GROUPS, SETTINGS

COLUMNS = ("setting", "option", "type", "default", "unit", "allowed", "meaning")
REFERENCE_HEAD = """# Settings

Every setting of a run: `--name` on the command line (with dashes), `name` in `config.yaml`, in
`evonas.search(...)` and in `evonas.Settings`. This page is made from the code
(`python -m docs.make`).
"""


def option_of(known: Setting) -> str:
    """Return the option on the command line: ``--data-dir``."""
    return f"--{(known.option or known.name).replace('_', '-')}"


def options_of(known: Setting) -> tuple[str, ...]:
    """Return all names of the option on the command line."""
    return (option_of(known), *([f"--{known.also}"] if known.also else []))


def default_text(known: Setting) -> str:
    """Describe the default value."""
    if isinstance(known.default, tuple):
        return ",".join(map(str, known.default)) or "none"
    if isinstance(known.default, bool):
        return "yes" if known.default else "no"
    return str(known.default)


def allowed_text(known: Setting) -> str:
    """Describe the allowed values; empty if any value of the type is allowed."""
    if known.choices:
        return ", ".join(f"{name} ({meaning})" for name, meaning in known.choices.items())
    if known.table:
        return f"see: evonas {known.table}"
    if known.at_least:
        return f"at least {known.at_least}"
    if known.above is not None:
        return f"above {known.above:g}"
    return ""


def kind_text(known: Setting) -> str:
    """Describe the type in the user's terms."""
    names = {int: "whole number", float: "number", str: "text", bool: "switch"}
    if known.item_type is not None:
        return {int: "whole numbers", str: "names"}[known.item_type]
    return names[known.plain_type]


def help_text(known: Setting) -> str:
    """Return one or two sentences for the command line, without the default."""
    parts = [known.help]
    if known.choices:
        parts.append(f"One of: {allowed_text(known)}.")
    elif known.table:
        parts.append(f"See: evonas {known.table}.")
    elif known.example and known.example not in known.help:
        parts.append(f"Such as {known.example}.")
    return " ".join(parts)


def reference_page() -> str:
    """Return a Markdown page of all settings, with one table per group."""
    parts = [REFERENCE_HEAD]
    for group, kind in GROUPS.items():
        rows = [_row(known) for known in SETTINGS.values() if known.group == group]
        parts += [
            f"## {(kind.__doc__ or group).rstrip('.')} (`{group}`)\n",
            markdown_table(COLUMNS, rows),
            "",
        ]
    return "\n".join(parts)


def _row(known: Setting) -> tuple[str, ...]:
    options = ", ".join(f"`{each}`" for each in options_of(known))
    return (
        f"`{known.name}`", options, kind_text(known),
        default_text(known), known.unit, allowed_text(known), known.help,
    )  # fmt: skip
