"""Settings of workers: processes of this machine, or the workers of a cluster."""

import re
from dataclasses import dataclass

from evonas.errors import ConfigError

FORMS = "a whole number of at least 1, local:<number> or dask://<host>:<port>"
_DASK = "dask://"


@dataclass(frozen=True)
class Workers:
    """Options of a command about workers; none of them is stored in a run's configuration.

    Attributes:
        text: the option as the user wrote it; None for the default of the device.
        timeout_seconds: time limit for a candidate; None for no limit.
    """

    text: str | None = None
    timeout_seconds: float | None = None

    @classmethod
    def of(
        cls, workers: int | str | None = None, timeout_seconds: float | None = None
    ) -> "Workers":
        """Create it from a number or a text."""
        return cls(None if workers is None else str(workers), timeout_seconds)


@dataclass(frozen=True)
class Place:
    """Parsed meaning of the option.

    Attributes:
        count: number of workers; None if the cluster determines it.
        is_cluster: whether Dask distributes the work.
        address: address of the cluster's scheduler; None if there is none, or none yet.
    """

    count: int | None
    is_cluster: bool = False
    address: str | None = None


def parse_workers(text: str) -> Place:
    """Parse a text about workers: ``4``, ``local:4`` or ``dask://host:8786``.

    Raises:
        ConfigError: the text has none of these forms.
    """
    if re.fullmatch(r"0*[1-9]\d*", text):
        return Place(int(text))
    if match := re.fullmatch(r"local:(0*[1-9]\d*)", text):
        return Place(int(match[1]), is_cluster=True)
    if re.fullmatch(r"dask://[^\s/:]+:\d{1,5}", text):
        return Place(None, is_cluster=True, address=f"tcp://{text.removeprefix(_DASK)}")
    raise ConfigError(f"workers: expected {FORMS}, got {text}")
