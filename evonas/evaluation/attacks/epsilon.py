"""Parse and format the radius of an attack, an exact fraction of the pixel range."""

import re
from fractions import Fraction

from evonas.errors import ConfigError

_FORM = re.compile(
    r"\s*(\d{1,9}/\d{1,9}|(\d{1,9}(\.\d{0,18})?|\.\d{1,18})([eE][+-]?\d{1,2})?)\s*", re.ASCII
)


def parse_epsilon(text: str) -> Fraction:
    """Parse a radius exactly, such as ``"1/255"``, ``"0.004"``, ``"1e-3"`` or ``"0"``.

    Raises:
        ConfigError: the text is no such number, or the number is not in [0, 1].
    """
    if _FORM.fullmatch(text):
        numerator, _, denominator = text.partition("/")
        if not denominator or int(denominator):
            epsilon = Fraction(numerator.strip()) / int(denominator or 1)
            if epsilon <= 1:
                return epsilon
    raise ConfigError(
        f"epsilon: expected a share of the pixel range from 0 to 1, such as '1/255', got '{text}'"
    )


def format_epsilon(epsilon: Fraction) -> str:
    """Format a radius as n/255 if it is a multiple of 1/255, as is usual in robustness tables."""
    steps = epsilon * 255
    return f"{steps}/255" if steps.denominator == 1 else str(epsilon)
