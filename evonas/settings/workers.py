"""Who trains the candidates: processes of this machine, or the workers of a cluster."""

import re
from dataclasses import dataclass

from evonas.errors import ConfigError

FORMS = "a whole number of at least 1, local:<number> or dask://<host>:<port>"
_DASK = "dask://"


@dataclass(frozen=True)
class Workers:
    """What a command says of them; a run's file holds none of it.

    Attributes:
        text: as the user wrote it; None for what suits the device.
        timeout_seconds: the seconds that a candidate may take; None for no limit.
    """

    text: str | None = None
    timeout_seconds: float | None = None

    @classmethod
    def of(
        cls, workers: int | str | None = None, timeout_seconds: float | None = None
    ) -> "Workers":
        """The same from a number or a text."""
        return cls(None if workers is None else str(workers), timeout_seconds)


@dataclass(frozen=True)
class Place:
    """What a text about workers means.

    Attributes:
        count: number of workers; None where the cluster knows it.
        is_cluster: whether Dask gives them their work.
        address: address of the cluster's scheduler; None where there is none, or it is still to be
            made.
    """

    count: int | None
    is_cluster: bool = False
    address: str | None = None


def parse_workers(text: str) -> Place:
    """What ``text`` means: ``4``, ``local:4`` or ``dask://host:8786``.

    Raises:
        ConfigError: it is none of these.
    """
    if re.fullmatch(r"0*[1-9]\d*", text):
        return Place(int(text))
    if match := re.fullmatch(r"local:(0*[1-9]\d*)", text):
        return Place(int(match[1]), is_cluster=True)
    if re.fullmatch(r"dask://[^\s/:]+:\d{1,5}", text):
        return Place(None, is_cluster=True, address=f"tcp://{text.removeprefix(_DASK)}")
    raise ConfigError(f"workers: expected {FORMS}, got {text}")
