"""Colours and borders of learning rules in drawings, suitable for colour-blind readers.

The colours are those of Okabe and Ito (2008, https://jfly.uni-koeln.de/color/), without black.
"""

from collections.abc import Iterable
from dataclasses import dataclass

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
BORDERS = ("", "5 3", "2 2")
"""Dash patterns, which distinguish rules if there are more rules than colours."""


@dataclass(frozen=True)
class Look:
    """Appearance of one rule.

    Attributes:
        colour: colour as ``#rrggbb``.
        dashes: dash pattern of its border in SVG syntax; empty for a solid line.
    """

    colour: str
    dashes: str


def looks_of(rules: Iterable[str]) -> dict[str, Look]:
    """A look for every rule; the first 21 looks are distinct.

    Args:
        rules: names of the rules, in the order of the run; duplicates are ignored.
    """
    names = list(dict.fromkeys(rules))
    return {
        name: Look(
            OKABE_ITO[number % len(OKABE_ITO)],
            BORDERS[number // len(OKABE_ITO) % len(BORDERS)],
        )
        for number, name in enumerate(names)
    }
