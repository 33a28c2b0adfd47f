"""The stored settings of a final training; the oracle is the file as earlier versions wrote it."""

from pathlib import Path

import pytest

from evonas.errors import ConfigError
from evonas.evaluation.data.fitting import AS_THEY_ARE
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


@pytest.mark.parametrize("text", ["", "- 1\n", "recipe: 3\n"])
def test_file_without_settings_is_rejected(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="expected settings, got"):
        read_config(path)
