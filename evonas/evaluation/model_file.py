"""A trained network as one file that says how to build it: safetensors with metadata.

The metadata have one entry, ``evonas``, a JSON document: ``format``, ``version``, ``genome``,
``key``, ``space`` (its YAML), ``channels``, ``cells``, ``rules``, ``input_shape``,
``num_classes``, ``class_names``, ``mean`` and ``std`` (the normalisation, which is in no weight)
and ``seed`` (of the feedback). One entry, because safetensors writes several in a random order,
and equal runs are to give equal bytes.
"""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from evonas.errors import DataError, StorageError
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.networks import Network
from evonas.schema import parse_yaml
from evonas.space import Space, from_data
from evonas.version import evonas_version

ENTRY = "evonas"
FORMAT = "evonas-model-1"


def with_description(
    weights: bytes,
    space: Space,
    *,
    genome: str,
    key: str,
    traits: Traits,
    space_text: str,
    seed: int,
) -> bytes:
    """The weights of a candidate with all that is needed to use them.

    Args:
        weights: as safetensors.
        space: at the size of the candidate, with its rules.
        genome: its text.
        key: of the candidate.
        traits: of the images that it was trained on.
        space_text: the YAML of the space.
        seed: of the candidate.

    Returns:
        The same as safetensors; equal arguments give equal bytes.
    """
    document = {
        "format": FORMAT,
        "version": evonas_version(),
        "genome": genome,
        "key": key,
        "space": space_text,
        "channels": space.channels,
        "cells": space.cells,
        "rules": space.rule_choices,
        "input_shape": traits.shape,
        "num_classes": traits.num_classes,
        "class_names": traits.class_names,
        "mean": traits.mean,
        "std": traits.std,
        "seed": seed,
    }
    return save(load(weights), {ENTRY: json.dumps(document)})


def load_network(path: str | Path) -> Network:
    """The trained network in a file of ``models/``, by that file alone.

    Args:
        path: of the file.

    Returns:
        A network in evaluation mode, on the CPU: float images (N, channels, height, width) in
        [0, 1] to logits (N, classes). The normalisation is inside.

    Raises:
        DataError: the file is missing, or does not say how its network is built.
        StorageError: it is damaged.

    Example:
        >>> network = evonas.load_network(next((study.folder / "models").iterdir()))
        >>> network(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 10])
    """
    path = Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file") from problem
    except (SafetensorError, OSError) as problem:
        raise StorageError(f"{path}: damaged, or no safetensors file ({problem})") from problem
    try:
        document = json.loads(metadata.get(ENTRY, "{}"))
        if document.get("format") != FORMAT:
            raise DataError(
                f"{path}: expected a model that says how it is built (format {FORMAT}), found "
                f"{document.get('format', 'no format')}; a model of an earlier version is loaded "
                "by evonas.load_study(RUN).load(KEY)"
            )
        network = _built(document, where=str(path))
        network.load_state_dict(weights)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        reason = " ".join(str(problem).split())  # torch writes several lines
        raise StorageError(f"{path}: damaged: {reason}") from problem
    return network.eval()


def _built(document: dict[str, Any], *, where: str) -> Network:
    space = (
        from_data(parse_yaml(document["space"], where=where), where=where)
        .resized(channels=document["channels"], cells=document["cells"])
        .with_rules(tuple(document["rules"]))
    )
    channels, height, width = document["input_shape"]
    traits = Traits(
        name="",
        num_classes=document["num_classes"],
        shape=(channels, height, width),
        mean=tuple(document["mean"]),
        std=tuple(document["std"]),
        crop_padding=0,
    )
    return candidate_network(space, space.parse(document["genome"]), traits, seed=document["seed"])
