"""How learning rules look in drawings: colours that colour-blind readers tell apart, and borders.

The colours are those of Okabe and Ito (2008, https://jfly.uni-koeln.de/color/), black left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
BORDERS = ("", "5 3", "2 2")
"""Broken lines, where there are more rules than colours."""


@dataclass(frozen=True)
class Look:
    """Of one rule.

    Attributes:
        colour: as ``#rrggbb``.
        dashes: of its border, as SVG has them; empty for a whole line.
    """

    colour: str
    dashes: str


def looks_of(rules: Iterable[str]) -> dict[str, Look]:
    """A look for every rule; of the first 21 no two are alike.

    Args:
        rules: in the order of the run, without repetition.
    """
    names = list(dict.fromkeys(rules))
    return {
        name: Look(
            OKABE_ITO[number % len(OKABE_ITO)],
            BORDERS[number // len(OKABE_ITO) % len(BORDERS)],
        )
        for number, name in enumerate(names)
    }
