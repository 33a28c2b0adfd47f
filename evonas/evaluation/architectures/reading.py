"""Read the architecture that the file of a model describes."""

from collections.abc import Mapping
from typing import Any

from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.architectures.genome import GenomeArchitecture
from evonas.evaluation.architectures.named import NamedArchitecture

MODEL_FORMATS = (GenomeArchitecture.model_format, NamedArchitecture.model_format)


def read_architecture(document: Mapping[str, Any], *, where: str) -> AbstractArchitecture:
    """Read a description in one of the ``MODEL_FORMATS``.

    Raises:
        KeyError, TypeError: an entry is missing.
        InputError: an entry is unknown.
    """
    if document["format"] == NamedArchitecture.model_format:
        return NamedArchitecture(document["network"], tuple(document["rules"]))
    return GenomeArchitecture(
        space_text=document["space"],
        genome=document["genome"],
        channels=document["channels"],
        cells=document["cells"],
        rules=tuple(document["rules"]),
        where=where,
    )
