"""Store a trained network in one self-describing file: safetensors with metadata.

The metadata have one entry, ``evonas``, a JSON document: ``format``, ``version``, ``genome``,
``key``, ``space`` (its YAML), ``channels``, ``cells``, ``rules`` (a named network has
``network`` and ``rules`` instead, and format ``evonas-model-2``), ``input_shape``,
``num_classes``, ``class_names``, ``mean`` and ``std`` (the normalisation, which is in no weight),
``seed`` (of the feedback), ``training`` (of a final training) and ``sha256``, a hash of the
weights and of the rest of the document: safetensors itself does not detect a flipped bit. There is
one entry only because safetensors writes several in random order, and equal runs must give equal
bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from evonas.errors import DataError, StorageError
from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.architectures.reading import MODEL_FORMATS, read_architecture
from evonas.evaluation.data.images import Traits
from evonas.file_names import is_key
from evonas.networks import Network
from evonas.version import evonas_version

ENTRY = "evonas"


def with_description(
    weights: bytes,
    architecture: AbstractArchitecture,
    *,
    traits: Traits,
    seed: int,
    training: Mapping[str, Any] | None = None,
) -> bytes:
    """Add to the weights of a network everything that is needed to use them.

    Args:
        weights: weights as safetensors.
        architecture: architecture of the network.
        traits: traits of the images that it was trained on.
        seed: seed that it was built with.
        training: what a final training did, so that nobody tests on images it was trained on.

    Returns:
        The content of the file, as safetensors; equal arguments give equal bytes.
    """
    document = {
        "format": architecture.model_format,
        "version": evonas_version(),
        **architecture.description(),
        "input_shape": traits.shape,
        "num_classes": traits.num_classes,
        "class_names": traits.class_names,
        "mean": traits.mean,
        "std": traits.std,
        "seed": seed,
    }
    if training is not None:
        document["training"] = dict(training)
    tensors = load(weights)
    document["sha256"] = _seal(tensors, document)
    return save(tensors, {ENTRY: json.dumps(document)})


def read_model(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the weights in a file of ``models/`` and their description.

    Args:
        path: path of the file.

    Returns:
        The weights by name, on the CPU, and the description, which is empty for files written
        before descriptions were introduced.

    Raises:
        DataError: the file is missing.
        StorageError: its content differs from what was written.
    """
    path = Path(path)
    try:
        content = path.read_bytes()  # safetensors itself opens only paths that are UTF-8
        weights = load(content)
        document = json.loads(_metadata(content).get(ENTRY, "{}"))
        if not isinstance(document, dict):
            raise ValueError("its description is no JSON object")
    except FileNotFoundError as problem:
        raise DataError(f"{path}: no such file") from problem
    except (SafetensorError, OSError, ValueError) as problem:
        raise StorageError(f"{path}: damaged, or no safetensors file ({problem})") from problem
    # the first versions of evonas wrote no hash, and files from other programs have none
    if "sha256" in document and document["sha256"] != _seal(weights, document):
        raise StorageError(
            f"{path}: damaged: its weights or its description differ from what was written; to "
            "restore a model of a run: evonas repair RUN"
        )
    return weights, document


def restore_normalisation(network: nn.Module, document: Mapping[str, Any]) -> nn.Module:
    """Make a network normalise images as described in a model file; its weights do not say it.

    A run can continue with images of another brightness, so its models may differ in this.

    Args:
        network: network built for the images of the run.
        document: description of the model; empty in files of the first versions.

    Returns:
        The network itself.
    """
    for name, said in (("mean", "mean"), ("deviation", "std")):
        if said in document:
            buffer = network.get_buffer(name)
            buffer.copy_(torch.tensor(document[said]).view_as(buffer))
    return network


def load_network(path: str | Path) -> Network:
    """Load the trained network in a file of ``models/``; nothing but the file is needed.

    Args:
        path: path of the file.

    Returns:
        A network in evaluation mode, on the CPU, that maps float images (N, channels, height,
        width) in [0, 1] to logits (N, classes). The normalisation is inside.

    Raises:
        DataError: the file is missing, or does not describe how to build its network.
        StorageError: the file is damaged.

    Examples:
        >>> network = evonas.load_network(next((study.folder / "models").iterdir()))
        >>> network(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 10])
    """
    return load_described(path)[0]


def load_described(path: str | Path) -> tuple[Network, dict[str, Any]]:
    """Load a network together with the description in its file, which is read only once.

    Raises:
        DataError, StorageError: see :func:`load_network`.
    """
    weights, document = read_model(path)
    try:
        if document.get("format") not in MODEL_FORMATS:
            raise DataError(
                f"{path}: expected a model that describes how it is built (format "
                f"{' or '.join(MODEL_FORMATS)}), found "
                f"{document.get('format', 'no format')}; a model of an earlier version is loaded "
                "by evonas.load_study(RUN).load(KEY)"
            )
        network = _built(document, where=str(path))
        network.load_state_dict(weights)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        reason = " ".join(str(problem).split())  # torch writes several lines
        raise StorageError(f"{path}: damaged: {reason}") from problem
    return network.eval(), document


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: its header is JSON, after the header's length."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + length])
    return header.get("__metadata__") or {}  # null in files of other programs


def _seal(weights: Mapping[str, Tensor], document: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the weights and of the description without the hash itself."""
    said = {name: value for name, value in document.items() if name != "sha256"}
    sha256 = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, tensor in sorted(weights.items()):
        sha256.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        # hashed as bytes, because numpy does not support every dtype of torch
        sha256.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()


def _built(document: dict[str, Any], *, where: str) -> Network:
    channels, height, width = document["input_shape"]
    sizes = {"channels": channels, "height": height, "width": width}
    sizes["num_classes"] = document["num_classes"]
    for name, size in sizes.items():
        if type(size) is not int or size < 1:
            raise ValueError(f"{name}: expected a whole number of 1 or more, got {size!r}")
    traits = Traits(
        name="",
        num_classes=document["num_classes"],
        shape=(channels, height, width),
        mean=tuple(document["mean"]),
        std=tuple(document["std"]),
        crop_padding=0,
    )
    architecture = read_architecture(document, where=where)
    if not is_key(document["key"]):  # it becomes part of file names
        raise ValueError(f"key: expected one of a network, got {document['key']!r:.60}")
    if document["genome"] != architecture.text:  # it is written into exported code
        raise ValueError(f"genome: expected {architecture.text}, got {document['genome']!r:.60}")
    return architecture.network(traits, seed=document["seed"])
