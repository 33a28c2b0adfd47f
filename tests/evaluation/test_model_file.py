"""Stand-alone model files; oracle: the run that made them. Damaged files are reported."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import evonas
from evonas.errors import DataError, StorageError
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.model_file import read_model


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> evonas.Study:
    return evonas.search(
        "nas-bench-201", objectives=["acc", "params"], rules="usf,kp", population=3, generations=1,
        epochs=1, images=100, batch=25, channels=4, seed=3, workers=1, progress=False, confirm=0,
        out=tmp_path_factory.mktemp("models") / "run",
    )  # fmt: skip


@pytest.fixture
def path(study: evonas.Study) -> Path:
    return study.folder / "models" / f"{study.front.index[0]}.safetensors"


def test_model_loads_without_its_run(study: evonas.Study, path: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(path.read_bytes())
    network = evonas.load_network(alone)
    assert not network.training
    validation = load_search_data("digits", seed=0, num_images=100).validation
    assert accuracy(network, validation) == study.front.acc.iloc[0]
    images = torch.rand(4, 1, 8, 8)
    assert torch.equal(network(images), study.load(study.front.index[0])(images))


def test_metadata_describe_the_network(study: evonas.Study, path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()["evonas"])
    assert metadata["genome"] == study.front.genome.iloc[0]
    assert metadata["key"] == study.front.index[0]
    assert metadata["class_names"] == list("0123456789")
    assert metadata["input_shape"] == [1, 8, 8]
    assert metadata["space"] == (study.folder / "space.yaml").read_text()
    assert metadata["version"] == evonas.__version__


def test_model_without_metadata_loads_only_through_its_run(
    study: evonas.Study, path: Path
) -> None:
    before = path.read_bytes()
    expected = study.load(study.front.index[0]).state_dict()
    try:
        save_file(load_file(path), path)  # without any metadata
        found = study.load(study.front.index[0]).state_dict()
        with pytest.raises(DataError, match=r"evonas\.load_study\(RUN\)\.load\(KEY\)"):
            evonas.load_network(path)
    finally:
        path.write_bytes(before)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_null_metadata_are_none(tmp_path: Path) -> None:
    header = b'{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    path = tmp_path / "other.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\x07")
    weights, description = read_model(path)
    assert (weights["a"].tolist(), description) == ([7], {})


def test_missing_or_damaged_models_are_reported(path: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        evonas.load_network(tmp_path / "none.safetensors")
    torn = tmp_path / "torn.safetensors"
    for content in (b"", b"not a model", path.read_bytes()[:-10], path.read_bytes()[:40]):
        torn.write_bytes(content)
        with pytest.raises(StorageError, match="damaged"):
            evonas.load_network(torn)
    other = tmp_path / "other.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    weights = load_file(path)
    weights.pop("classifier.weight")
    save_file(weights, other, metadata)
    with pytest.raises(StorageError, match="differ from what was written"):
        evonas.load_network(other)


@pytest.mark.parametrize(
    "document",
    ["[]", "{}", '{"format": "evonas-model-1"}', "not json", '{"format": "evonas-model-2"}'],
)
def test_invalid_metadata_are_rejected(document: str, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file(load_file(path), other, {"evonas": document})
    with pytest.raises((DataError, StorageError), match=r"damaged|format"):
        evonas.load_network(other)


@pytest.mark.parametrize("change", [{"input_shape": [0, 8, 8]}, {"num_classes": 0}])
def test_model_with_zero_pixels_or_classes_is_rejected(
    change: dict[str, Any], path: Path, tmp_path: Path
) -> None:
    weights, document = read_model(path)
    document = {name: value for name, value in document.items() if name != "sha256"} | change
    save_file(weights, tmp_path / "forged.safetensors", {"evonas": json.dumps(document)})
    with pytest.raises(StorageError, match="expected a whole number of 1 or more, got 0"):
        evonas.load_network(tmp_path / "forged.safetensors")


def test_flipped_bits_are_detected(path: Path, tmp_path: Path) -> None:
    whole, damaged = path.read_bytes(), tmp_path / "damaged.safetensors"
    weights, document = read_model(path)
    draw = random.Random(0)
    header = 8 * (8 + int.from_bytes(whole[:8], "little"))
    places = [*draw.sample(range(header), 150), *draw.sample(range(header, 8 * len(whole)), 150)]
    unnoticed = 0
    for place in places:
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        damaged.write_bytes(flipped)
        try:
            found, said = read_model(damaged)
        except StorageError:
            continue
        # a bit of the entry's name or of padding: then there is no description to build from
        unnoticed += 1
        assert said in (document, {})
        assert all(torch.equal(found[name], weights[name]) for name in weights) or not said
    assert unnoticed <= 3


def test_altered_description_is_rejected(study: evonas.Study, path: Path, tmp_path: Path) -> None:
    weights, document = read_model(path)
    forged = tmp_path / "forged.safetensors"
    save_file(weights, forged, {"evonas": json.dumps({**document, "seed": 1})})
    with pytest.raises(StorageError, match="differ from what was written"):
        evonas.load_network(forged)
    for file in sorted((study.folder / "models").iterdir()):
        evonas.load_network(file)  # every unaltered file loads
