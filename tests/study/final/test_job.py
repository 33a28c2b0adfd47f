"""The stored settings of a final training; the oracle is the file as earlier versions wrote it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import evonas
from evonas.api.final.report import FinalReport
from evonas.errors import ConfigError, DataError
from evonas.evaluation.data.fitting import AS_THEY_ARE
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.study.final.job import read_config


def test_settings_missing_in_an_old_file_get_their_old_values(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("dataset: digits\nrecipe: {description: old, epochs: 3, batch: 20}\n")
    found = read_config(path)
    assert found["dataset"] == "digits"
    assert found["processes"] == 1
    assert found["fitting"] == {
        name: getattr(AS_THEY_ARE, name) for name in AS_THEY_ARE.__dataclass_fields__
    }
    recipe = found["recipe"]
    assert (recipe["epochs"], recipe["momentum"], recipe["views"]) == (3, 0.9, "one")


@pytest.mark.system
@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_training_is_not_continued_with_other_images(tmp_path: Path, storage: str) -> None:
    """No run has fixed their hash; where they are kept does not matter, nor does their folder."""
    place, other = tmp_path / "images", tmp_path / "moved"

    def write(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for name in ("train/a", "train/b", "test/a", "test/b"):
            (place / name).mkdir(parents=True, exist_ok=True)
            for number in range(8):
                pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / name / f"{number}.png")

    def trained(data_dir: Path, *, seeds: int, image_storage: str = storage) -> FinalReport:
        recipe = FinalRecipe("", 1, 5, 0.1, validation_share=0)
        return evonas.train(
            space="tiny", genome="|conv_3x3~0|+|skip~1|+|skip~2| @ usf usf", dataset="folder",
            data_dir=data_dir, image_storage=image_storage, recipe=recipe, channels=4, cells=1,
            seeds=seeds, out=tmp_path / "out", progress=False,
        )  # fmt: skip

    write(0)
    first = trained(place, seeds=1)
    shutil.copytree(place, other)
    write(1)
    with pytest.raises(DataError, match="was started with images of the hash"):
        trained(place, seeds=2)
    for image_storage in ("memory", "disk"):
        both = trained(other, seeds=2, image_storage=image_storage)
        assert both.results[0] == first.results[0]


@pytest.mark.parametrize("text", ["", "- 1\n", "recipe: 3\n"])
def test_file_without_settings_is_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="expected settings, got"):
        read_config(path)
