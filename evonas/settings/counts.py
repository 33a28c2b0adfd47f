"""Check how many trainings a command is asked for; these numbers are not settings of a run."""

from evonas.errors import ConfigError, show

MOST = 10_000  # a typing error would otherwise fill the memory with orders


def check_count(name: str, count: int, *, at_least: int) -> None:
    """Refuse a number of trainings that is too small or cannot be meant.

    Args:
        name: name of the number, for the message.
        count: the number.
        at_least: smallest number allowed; the largest is ``MOST``.

    Raises:
        ConfigError: the number is out of range.
    """
    if count < at_least:
        raise ConfigError(f"{name}: expected a whole number of at least {at_least}, got {count}")
    if count > MOST:
        raise ConfigError(f"{name}: expected at most {MOST}, got {show(count)}")
