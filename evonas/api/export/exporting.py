"""``evonas.export``: a trained network as safetensors, ONNX, pt2 or a Python module; checked."""

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from keyword import iskeyword
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias, get_args

import torch
from safetensors.torch import save
from torch import nn

from evonas.api.export.card import model_card
from evonas.api.export.check import check_export
from evonas.api.export.program import DYNAMIC, INPUT, OUTPUT, example_images, exported
from evonas.api.export.python_file import python_source
from evonas.errors import ConfigError
from evonas.evaluation.model_file import load_described
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.rules import true_gradient
from evonas.study.weights import kept_weights, write_whole
from evonas.version import evonas_version

Format: TypeAlias = Literal["safetensors", "onnx", "pt2", "python"]
SUFFIXES: dict[str, str] = {
    "safetensors": ".safetensors", "onnx": ".onnx", "pt2": ".pt2", "python": ".py",
}  # fmt: skip

CARD_SUFFIX = ".md"
USE = {
    "safetensors": 'import evonas\n\nlogits = evonas.load_network("{file}")(images)',
    "onnx": "import onnxruntime\n\n"
    'session = onnxruntime.InferenceSession("{file}")\n'
    f'(logits,) = session.run(None, {{{{"{INPUT}": images}}}})  # a NumPy array of float32',
    "pt2": 'import torch\n\nlogits = torch.export.load("{file}").module()(images)',
    "python": "from {module} import Network\n\nlogits = Network()(images)",
}
"""By format, Python code that computes logits."""
USE_BY_PATH = (
    'import runpy\n\nNetwork = runpy.run_path("{file}")["Network"]\nlogits = Network()(images)'
)
"""Of a Python file whose name is no identifier, as most keys are none."""


@ordinary_torch()
def export(
    model: str | PathLike[str],
    key: str | None = None,
    *,
    format: Format = "onnx",  # noqa: A002  # the word that a user expects
    out: Path | str | None = None,
    card: bool = True,
) -> Path:
    """Write a trained network for other programs, and check the file against the network.

    The batch size is free. The normalisation is included: images are float in
    [0, 1]. Class names, key and genome are stored as metadata.

    Args:
        model: a study or the folder of a run, with ``key``; or a model file, from ``models/`` or
            ``evonas train``.
        key: key of a candidate of the run, or an unambiguous prefix of it.
        format: ``safetensors`` (for :func:`evonas.load_network`), ``onnx`` (extra ``export``),
            ``pt2`` (``torch.export``), or ``python``: one module that builds the network without
            evonas, with its weights next to it.
        out: the file. If None, ``<key>`` with the suffix of the format, in this folder; for a
            network of ``evonas train``, ``<key>-seed-N``.
        card: whether to write a Markdown model card next to it: how the network learned, and what
            the run, attacks and controls found.

    Returns:
        The file.

    Raises:
        ConfigError: the format is unknown, its packages are missing, or the key is missing.
        UnknownNameError: no candidate has this key, or the prefix is ambiguous.
        DataError: the file is missing, or the candidate's weights were not kept.
        StorageError: the model is damaged, or the exported file gives other logits.

    Examples:
        >>> key = study.front.index[0]
        >>> evonas.export(study.folder, key, format="pt2", out="network.pt2").name
        'network.pt2'
    """
    if format not in get_args(Format):
        raise ConfigError(f"format: expected one of {', '.join(get_args(Format))}, got {format}")
    if format == "onnx" and not all(map(find_spec, ("onnx", "onnxscript", "onnxruntime"))):
        raise ConfigError("format onnx: packages are missing; pip install 'evonas[export]'")
    source = _file_of(Path(model), key)
    network, about = load_described(source)
    path = Path(out) if out is not None else Path(_stem(source, about) + SUFFIXES[format])
    if path.suffix != SUFFIXES[format]:
        raise ConfigError(f"out: expected a file that ends in {SUFFIXES[format]}, got {path}")
    if path.is_dir():
        raise ConfigError(f"out: expected a file, {path} is a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "safetensors":
        if not (path.exists() and path.samefile(source)):
            write_whole(path, source.read_bytes())
    else:
        _write_checked(network, path, about, file_format=format)
    if card:
        run = None if key is None else Path(model)
        is_named = path.stem.isidentifier() and not iskeyword(path.stem)
        use = USE_BY_PATH if format == "python" and not is_named else USE[format]
        use = use.format(file=path.name, module=path.stem)
        text = model_card(network, about, use=use, source=source, run=run)
        write_whole(path.with_suffix(CARD_SUFFIX), text.encode())
    return path


def _stem(source: Path, about: Mapping[str, Any]) -> str:
    seed = source.resolve().parent.name
    return f"{about['key']}-{seed}" if re.fullmatch(r"seed-\d+", seed) else str(about["key"])


def _file_of(model: Path, key: str | None) -> Path:
    if model.suffix == ".safetensors":
        if key is not None:
            raise ConfigError(f"{model} is one model: expected no key, got '{key}'")
        return model
    from evonas.api.study import load_study

    study = load_study(model)
    if key is None:
        raise ConfigError(f"{model}: expected the key of a candidate; see evonas front {model}")
    return kept_weights(study.folder, study.find(key).key)


def _write_checked(
    network: nn.Module, path: Path, about: Mapping[str, Any], *, file_format: str
) -> None:
    """Write a file, with its weights if it has some beside it, that gives the network's logits.

    It is written and checked elsewhere, so that nobody takes another file for the network, and an
    earlier export is only replaced by one that works.
    """
    said = {name: value for name, value in about.items() if name not in ("space", "sha256")}
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        draft = Path(folder) / path.name
        _WRITERS[file_format](network, draft, said)
        check_export(network, draft, file_format=file_format, shape=tuple(about["input_shape"]))
        # the file itself last: it needs the others
        for each in sorted(Path(folder).iterdir(), key=lambda each: each == draft):
            if each.is_file():
                each.replace(path.with_name(each.name))


def _write_onnx(network: nn.Module, path: Path, about: Mapping[str, Any]) -> None:
    shape = tuple(about["input_shape"])
    with torch.no_grad(), true_gradient(network):
        program = torch.onnx.export(
            network, (example_images(shape),), dynamo=True, dynamic_shapes=(DYNAMIC,),
            input_names=[INPUT], output_names=[OUTPUT], verbose=False,
        )  # fmt: skip
    assert program is not None
    program.model.metadata_props["evonas"] = json.dumps(about)
    program.save(path)


def _write_pt2(network: nn.Module, path: Path, about: Mapping[str, Any]) -> None:
    program = exported(network, tuple(about["input_shape"]))
    with path.open("wb") as file:  # an OSError where it cannot be written; torch's own is none
        torch.export.save(program, file, extra_files={"evonas.json": json.dumps(about)})


def _write_python(network: nn.Module, path: Path, about: Mapping[str, Any]) -> None:
    shape = tuple(about["input_shape"])
    text, weights = python_source(
        exported(network, shape),
        title=f"Network {about['key']}: {about['genome']}.",
        shape=shape,
        num_classes=about["num_classes"],
        class_names=tuple(about["class_names"]),
        version=evonas_version(),
    )
    path.with_suffix(".weights.safetensors").write_bytes(save(weights))
    path.write_text(text, encoding="utf-8")


_WRITERS = {"onnx": _write_onnx, "pt2": _write_pt2, "python": _write_python}
