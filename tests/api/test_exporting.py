"""Exported networks, read by processes that never import evonas, give the network's logits."""

import json
import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors.torch import save

import evonas
from evonas.api.export import exporting
from evonas.api.export.check import check_export
from evonas.errors import ConfigError, DataError, StorageError
from evonas.evaluation.architectures.genome import GenomeArchitecture
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.evaluation.model_file import read_model, with_description
from evonas.networks import Network
from evonas.space import load, source_text

pytestmark = pytest.mark.system

TRAITS = Traits(
    "",
    3,
    (3, 16, 16),
    (0.5, 0.4, 0.3),
    (0.2, 0.2, 0.2),
    0,
    class_names=("a", "\N{GRINNING FACE}", "c"),
)
GENOMES = {
    "tiny": "|conv_3x3~0|+|sep_3x3~1|+|grouped_3x3~2| @ kp dfa",
    "darts": None,
}
RULES = ("kp", "dfa", "usf", "local", "bp")


@pytest.fixture(scope="module", params=sorted(GENOMES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a network whose batch statistics differ from their initial values."""
    import random

    space = load(request.param).resized(channels=4, cells=1).with_rules(RULES)
    text = GENOMES[request.param]
    genome = space.parse(text) if text else space.sample(random.Random(2))
    network = candidate_network(space, genome, TRAITS, seed=1)
    network.wiring.aim(torch.tensor([0, 1, 2, 0]))
    with torch.no_grad():
        network(torch.rand(4, 3, 16, 16))
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    description = with_description(
        save(network.state_dict()),
        GenomeArchitecture(source_text(request.param), space.format(genome), 4, 1, RULES),
        traits=TRAITS, seed=1,
    )  # fmt: skip
    path.write_bytes(description)
    return path


@pytest.fixture
def network(model: Path) -> Network:
    return evonas.load_network(model)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the built-in check, as the test itself compares the file with the network."""
    monkeypatch.setattr(exporting, "check_export", lambda *_, **__: None)


@pytest.mark.parametrize("file_format", ["onnx", "pt2", "python"])
def test_exported_file_gives_same_logits_without_evonas(
    model: Path, tmp_path: Path, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Path] = []

    def check(network: Network, path: Path, **given: Any) -> None:
        check_export(network, path, **given)  # raises where they differ
        checked.append(path)

    monkeypatch.setattr(exporting, "check_export", check)
    out = tmp_path / "new" / "folder" / f"network{exporting.SUFFIXES[file_format]}"
    found = evonas.export(model, format=file_format, out=out)  # type: ignore[arg-type]
    assert [each.name for each in checked] == [found.name]
    assert found == out
    if file_format == "python":
        text = found.read_text(encoding="utf-8")
        assert "evonas" not in text.split('"""')[2]
        (names,) = re.findall(r"^CLASS_NAMES = (.*)$", text, re.MULTILINE)
        assert literal_eval(names) == list(TRAITS.class_names)


def test_onnx_file_accepts_any_batch_size_and_has_metadata(
    model: Path, network: Network, tmp_path: Path, unchecked: None
) -> None:
    assert unchecked is None
    path = evonas.export(model, format="onnx", out=tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(path)
    for count in (1, 7):
        images = torch.rand(count, 3, 16, 16)
        with torch.no_grad():
            expected = network(images).numpy()
        (found,) = session.run(["logits"], {"images": images.numpy()})
        np.testing.assert_allclose(found, expected, atol=1e-4)
    (entry,) = [each for each in onnx.load(path).metadata_props if each.key == "evonas"]
    about = json.loads(entry.value)
    assert about["class_names"] == list(TRAITS.class_names)
    assert about["key"]


def test_export_check_detects_changed_weights_or_code(
    model: Path, network: Network, tmp_path: Path, unchecked: None
) -> None:
    assert unchecked is None
    path = evonas.export(model, format="python", out=tmp_path / "network.py")
    weights = path.with_suffix(".weights.safetensors")
    content = bytearray(weights.read_bytes())
    content[-2] ^= 64
    weights.write_bytes(content)
    with pytest.raises(StorageError, match="differ from the network"):
        check_export(network, path, file_format="python", shape=TRAITS.shape)
    path.write_text("import nothing_of_this_name")
    with pytest.raises(StorageError, match="cannot be used: ModuleNotFoundError"):
        check_export(network, path, file_format="python", shape=TRAITS.shape)


def test_file_with_other_logits_is_not_left_behind(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differ(*_: object, **__: object) -> None:
        raise StorageError("its logits differ")

    monkeypatch.setattr(exporting, "check_export", differ)
    with pytest.raises(StorageError):
        evonas.export(model, format="pt2", out=tmp_path / "network.pt2")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("problem", [StorageError("its logits differ"), KeyboardInterrupt()])
def test_failed_export_leaves_the_earlier_one(
    model: Path, tmp_path: Path, problem: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(exporting, "check_export", fail)
    for name in ("network.py", "network.weights.safetensors"):
        (tmp_path / name).write_text("of another network")
    with pytest.raises(type(problem)):
        evonas.export(model, format="python", out=tmp_path / "network.py")
    assert {each.read_text() for each in tmp_path.iterdir()} == {"of another network"}


@pytest.mark.parametrize("file_format", list(exporting.SUFFIXES))
def test_folder_in_the_place_of_the_file_is_refused(
    model: Path, tmp_path: Path, file_format: str
) -> None:
    out = tmp_path / f"network{exporting.SUFFIXES[file_format]}"
    out.mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        evonas.export(model, format=file_format, out=out)  # type: ignore[arg-type]


def test_seeds_of_a_training_are_exported_to_different_files(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, about = read_model(model)
    alone = evonas.export(model, format="safetensors", card=False)
    assert alone == Path(f"{about['key']}.safetensors")
    for seed in ("seed-0", "seed-1"):
        (tmp_path / seed).mkdir()
        (tmp_path / seed / "model.safetensors").write_bytes(model.read_bytes())
        file = Path(seed, "model.safetensors")
        exported = evonas.export(file, format="safetensors", card=False)
        assert exported == Path(f"{about['key']}-{seed}.safetensors")


def test_invalid_export_arguments_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="expected one of safetensors, onnx"):
        evonas.export("run", "key", format="tflite")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no such file"):
        evonas.export(tmp_path / "no.safetensors", format="pt2")
    with pytest.raises(ConfigError, match="expected no key"):
        evonas.export(tmp_path / "no.safetensors", "key", format="pt2")
    monkeypatch.setattr(exporting, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install"):
        evonas.export("run", "key", format="onnx")
