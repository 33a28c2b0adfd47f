"""A run's settings as commented YAML: a few are set, the others show their defaults."""

import textwrap
from collections.abc import Iterator, Mapping

from evonas.settings import SETTINGS, Setting, Unset
from evonas.settings.description import help_text
from evonas.settings.tree import GROUPS

WIDTH = 99
HEAD = """# A search: evonas run --config {name}
#
# A setting that is commented out shows its default. Each is also an option of the command line,
# which overrides this file: evonas run --config {name} --seed 1
"""


def run_text(chosen: Mapping[str, object], *, name: str) -> str:
    """All settings of a run, by group.

    Args:
        chosen: the values to set, by name; everything else is commented out.
        name: name of the file, for its header.
    """
    lines = [HEAD.format(name=name)]
    for group, kind in GROUPS.items():
        title = (kind.__doc__ or group).strip().rstrip(".")
        lines.append(f"# ---- {title} ".ljust(WIDTH, "-"))
        for known in SETTINGS.values():
            if known.group == group:
                lines += ["", *_lines(known, chosen)]
        lines.append("")
    return "\n".join(lines)


def _lines(known: Setting, chosen: Mapping[str, object]) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(help_text(known), WIDTH - 2))
    if known.name in chosen:
        yield f"{known.name}: {_value(chosen[known.name])}"
    elif isinstance(known.default, Unset):
        yield f"# {known.name}:   # by default: {known.default}"
    else:
        yield f"# {known.name}: {_value(known.default)}"


def _value(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
