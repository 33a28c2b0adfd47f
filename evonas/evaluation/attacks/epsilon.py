"""The radius of an attack as users write it, and as a fraction of the pixel range."""

import re
from fractions import Fraction

from evonas.errors import ConfigError

_FORM = re.compile(
    r"\s*(\d{1,9}/\d{1,9}|(\d{1,9}(\.\d{0,18})?|\.\d{1,18})([eE][+-]?\d{1,2})?)\s*", re.ASCII
)


def parse_epsilon(text: str) -> Fraction:
    """The radius of an attack, exactly: ``"1/255"``, ``"0.004"``, ``"1e-3"`` or ``"0"``.

    Raises:
        ConfigError: it is not such a number, or not in [0, 1].
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
    """The radius as n/255 where it is one, as tables of robustness write it."""
    steps = epsilon * 255
    return f"{steps}/255" if steps.denominator == 1 else str(epsilon)
