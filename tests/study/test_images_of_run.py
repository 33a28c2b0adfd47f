"""The images of a run: replaced images are rejected, moved ones can be followed."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import evonas
from evonas.api.attack_targets import Part, candidate_target
from evonas.errors import ConfigError, DataError
from evonas.evaluation import evaluate
from evonas.evaluation.data.fingerprint import fingerprint
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_run_data
from evonas.study.folder import readable_run

RUN: dict[str, Any] = {
    "objectives": ["acc", "params"], "dataset": "folder", "rules": "fa,usf", "population": 3,
    "generations": 2, "epochs": 1, "batch": 8, "channels": 4, "cells": 1, "replicates": "1",
    "confirm": 0, "workers": 1,
}  # fmt: skip


def draw(folder: Path, *, seed: int) -> Path:
    """Write 40 training and 40 test images of two classes."""
    pixels = np.random.default_rng(seed)
    for part in ("train", "test"):
        for label, level in (("dark", 0), ("light", 128)):
            (folder / part / label).mkdir(parents=True, exist_ok=True)
            for number in range(20):
                image = pixels.integers(level, level + 128, (8, 8), dtype=np.uint8)
                Image.fromarray(image).save(folder / part / label / f"{number}.png")
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return draw(tmp_path / "images", seed=0)


class Stopped(Exception):
    """In mid-run."""


@pytest.fixture
def stopped(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> evonas.Study:
    """A run that was interrupted after its first generation."""
    study = evonas.new_study("tiny", data_dir=images, out=tmp_path / "run", **RUN)
    with monkeypatch.context() as patch:

        def stop(*_: object, **__: object) -> None:
            raise Stopped

        patch.setattr("evonas.api.running.write_tables", stop)
        with pytest.raises(Stopped):
            study.resume(workers=1, progress=False)
    assert 0 < len(study.evaluations) < 6
    for remembered in (evaluate._load, evaluate._test_part):  # as in a fresh process
        remembered.cache_clear()
    return study


def test_replaced_training_images_are_rejected_until_accepted(
    stopped: evonas.Study, images: Path
) -> None:
    before = stopped.evaluations
    draw(images, seed=1)
    with pytest.raises(DataError, match=rf"training images of .* in {images}.*--accept-data"):
        stopped.resume(workers=1, progress=False)
    assert stopped.evaluations == before
    stopped.resume(workers=1, accept_data=True, progress=False)
    assert len(stopped.evaluations) == 6
    with readable_run(stopped.folder) as (settings, journal):
        accepted = journal.accepted_data()
    assert settings.training.train_sha256 == accepted["train_sha256"]
    again = evonas.load_study(stopped.folder).resume(workers=1, progress=False)
    assert len(again.evaluations) == 6


def fill(folder: Path, levels: dict[str, int]) -> None:
    """Write images of a constant brightness for each class."""
    pixels = np.random.default_rng(3)
    for path in folder.rglob("*.png"):
        level = levels[path.parent.name]
        image = pixels.integers(level, level + 40, (8, 8), dtype=np.uint8)
        Image.fromarray(image).save(path)


def test_network_trained_after_acceptance_is_loaded_with_its_normalisation(
    images: Path, tmp_path: Path
) -> None:
    fill(images, {"dark": 0, "light": 0})  # nothing to learn
    given = {**RUN, "objectives": ["acc"], "generations": 1, "epochs": 4, "data_dir": images}
    study = evonas.search("tiny", out=tmp_path / "run", progress=False, **given)
    fill(images, {"dark": 170, "light": 215})
    for remembered in (evaluate._load, evaluate._test_part):
        remembered.cache_clear()
    study.resume(workers=1, accept_data=True, generations=3, progress=False)
    key = study.front.index[0]
    assert key in {each.key for each in study.evaluations[3:]}
    validation = load_run_data(study.settings.training).validation
    path = study.folder / "models" / f"{key}.safetensors"
    for network in (study.load(key), evonas.load_network(path)):
        with torch.no_grad():
            found = network(validation.pixels / 255).argmax(1) == validation.labels
        assert found.double().mean().item() == study.front.loc[key, "acc"] > 0.6


def test_images_that_the_networks_cannot_take_are_rejected(
    stopped: evonas.Study, images: Path
) -> None:
    shutil.copytree(images / "train" / "dark", images / "train" / "grey")
    shutil.copytree(images / "test" / "dark", images / "test" / "grey")
    with pytest.raises(DataError, match="expect images with 2 classes, found 3; start a new run"):
        stopped.resume(workers=1, accept_data=True, progress=False)
    with readable_run(stopped.folder) as (_, journal):
        assert journal.accepted_data() == {}


def test_replaced_test_images_are_rejected(
    stopped: evonas.Study, images: Path, tmp_path: Path
) -> None:
    stopped.resume(workers=1, progress=False)
    other = draw(tmp_path / "other", seed=1)
    shutil.rmtree(images / "test")
    shutil.move(other / "test", images)
    with pytest.raises(DataError, match=rf"test images of 'folder' in {images}"):
        stopped.confirm(1, workers=1, progress=False)


def test_run_can_follow_moved_images(
    stopped: evonas.Study, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = images.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=str(images)):
        stopped.resume(workers=1, progress=False)
    with pytest.raises(ConfigError, match="data_dir: expected a folder"):
        stopped.resume(workers=1, data_dir=tmp_path / "nowhere", progress=False)
    monkeypatch.setenv("EVONAS_DATA", str(moved))
    assert evonas.load_study(stopped.folder).settings.training.data_dir == str(moved)
    monkeypatch.delenv("EVONAS_DATA")
    stopped.resume(workers=1, data_dir=moved, progress=False)
    assert len(stopped.evaluations) == 6
    # the new folder is remembered
    assert evonas.load_study(stopped.folder).settings.training.data_dir == str(moved)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_attack_follows_moved_images(images: Path, tmp_path: Path, part: Part) -> None:
    study = evonas.search("tiny", data_dir=images, out=tmp_path / "run", progress=False, **RUN)

    def attacked(data_dir: Path | None) -> Images:
        for remembered in (evaluate._load, evaluate.attacked_validation):  # as in a fresh process
            remembered.cache_clear()
        return candidate_target(
            study.folder, study.front.index[0],
            data_dir=data_dir, part=part, num_images=4, seed=0, out=None,
        ).images  # fmt: skip

    expected = attacked(None)
    moved = images.rename(tmp_path / "moved")
    with pytest.raises(DataError, match=str(images)):
        attacked(None)
    assert torch.equal(attacked(moved).pixels, expected.pixels)
    shutil.rmtree(moved)
    draw(moved, seed=1)
    with pytest.raises(DataError, match="found others"):
        attacked(moved)


@pytest.mark.parametrize("rules", ["fa", "fa,usf"])  # with the signals free, and without any
def test_finished_run_needs_no_images(images: Path, tmp_path: Path, rules: str) -> None:
    given = {**RUN, "rules": rules}
    study = evonas.search("tiny", data_dir=images, out=tmp_path / "run", progress=False, **given)
    assert study.settings.search.signals == (("free",) if rules == "fa" else ())
    before = (study.folder / "pareto.csv").read_bytes()
    shutil.rmtree(images)
    again = evonas.load_study(study.folder).resume(workers=1, progress=False)
    assert (study.folder / "pareto.csv").read_bytes() == before
    assert again.load(again.front.index[0])(torch.rand(1, 1, 8, 8)).shape == (1, 2)


def test_fingerprint_depends_on_pixels_labels_names_and_order() -> None:
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (4, 1, 3, 3), generator=generator, dtype=torch.uint8)
    labels = torch.tensor([0, 1, 0, 1])
    whole = Images(pixels, labels)
    one_bit = pixels.clone()
    one_bit[3, 0, 2, 2] ^= 1
    others = [
        fingerprint(Images(one_bit, labels)),
        fingerprint(Images(pixels, labels.flip(0))),
        fingerprint(whole.subset(torch.tensor([1, 0, 2, 3]))),
        fingerprint(Images(pixels.reshape(4, 1, 9, 1), labels)),
        fingerprint(whole, class_names=("a", "b")),
        fingerprint(whole, class_names=("b", "a")),
    ]
    assert len({fingerprint(whole), *others}) == 1 + len(others)
    assert fingerprint(whole) == fingerprint(Images(pixels.clone(), labels.clone()))
