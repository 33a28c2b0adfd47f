"""Configurations: rejected settings and their messages, and file round trips."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from evonas.errors import ConfigError, InputError
from evonas.evaluation.protocol import Protocol
from evonas.settings import SETTINGS, Settings
from evonas.space import load
from evonas.study.config import config_text, read_config
from evonas.study.resolve import check_run
from evonas.study.shape import shaped_space
from evonas.study.versions import versions
from tests.small_run import changed


def write_config(config: Settings, folder: Path) -> None:
    (folder / "config.yaml").write_text(config_text(config, versions=versions(config)))


def test_configuration_survives_file_round_trip(config: Settings, tmp_path: Path) -> None:
    for one in (config, changed(config, images=None), changed(config, objectives=("acc",))):
        write_config(one, tmp_path)
        assert read_config(tmp_path) == one


def test_file_records_library_versions(config: Settings, tmp_path: Path) -> None:
    write_config(config, tmp_path)
    versions = yaml.safe_load((tmp_path / "config.yaml").read_text())["versions"]
    assert {"python", "torch", "pymoo", "deap"} <= set(versions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"population": 0}, "population: expected a whole number of at least 2, got 0"),
        ({"epochs": -3}, "epochs: expected a whole number of at least 1, got -3"),
        ({"images": 0}, "images: expected a whole number of at least 1, got 0"),
        ({"population": 1}, "population: expected a whole number of at least 2, got 1"),
        ({"batch": 1}, "batch: expected a whole number of at least 2, got 1"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
        ({"rules": ()}, "rules: expected at least one name, got none"),
        ({"objectives": ()}, "objectives: expected at least one name, got none"),
        ({"rules": ("fa", "fa")}, "rules: a name is repeated: fa, fa"),
        ({"rules": ("hebian",)}, "unknown rule 'hebian'"),
        ({"objectives": ("acc", "robst")}, "unknown objective 'robst'; did you mean 'robust'?"),
        ({"algorithm": "nsg2"}, "unknown algorithm 'nsg2'; did you mean 'nsga2'?"),
        ({"objectives": ("robust",), "epsilon": "0"}, "epsilon: expected a radius above 0"),
        ({"epsilon": "eight"}, "eight"),
        ({"learning_rate": 0.0}, "learning_rate: expected a number above 0, got 0.0"),
    ],
)
def test_invalid_setting_is_reported(
    config: Settings, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_run(changed(config, **change))
    assert message in str(caught.value)


def test_protocol_copies_settings(config: Settings) -> None:
    protocol = Protocol.of(changed(config, seed=7, attacked_images=9, batch=11, epochs=13))
    assert (protocol.seed, protocol.attack.attacked_images) == (7, 9)
    assert (protocol.recipe.batch, protocol.recipe.epochs) == (11, 13)
    assert protocol.epsilon == Fraction(16, 255)


def test_zero_radius_is_accepted_without_robust_objective(config: Settings) -> None:
    assert Protocol.of(changed(config, objectives=("acc",), epsilon="0")).epsilon == 0


def test_all_invalid_counts_are_reported_together(config: Settings) -> None:
    with pytest.raises(ConfigError) as caught:
        check_run(changed(config, population=0, cells=-1))
    assert "population" in str(caught.value)
    assert "cells" in str(caught.value)


def test_misspelt_key_in_file_is_reported_with_suggestion(
    config: Settings, tmp_path: Path
) -> None:
    write_config(config, tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text().replace("population:", "populaton:"))
    with pytest.raises(ConfigError, match=r"populaton.*did you mean 'population'"):
        read_config(tmp_path)


def test_flat_file_of_evonas_0_1_is_read(config: Settings, tmp_path: Path) -> None:
    write_config(config, tmp_path)
    path = tmp_path / "config.yaml"
    document = yaml.safe_load(path.read_text())
    alone = {name: value for group in document.values() for name, value in group.items()}
    del alone["learning_rate"]  # a later setting takes its default
    path.write_text(yaml.safe_dump(alone))
    alone["data_dir"] = config.training.data_dir
    del document["versions"], document["data"]
    assert set(alone) >= {name for group in document.values() for name in group} - {
        "learning_rate"
    }
    path.write_text(
        yaml.safe_dump({name: value for name, value in alone.items() if name in SETTINGS})
    )
    assert read_config(tmp_path) == config


def test_old_run_without_training_method_used_standard_training(
    config: Settings, tmp_path: Path
) -> None:
    write_config(config, tmp_path)
    path = tmp_path / "config.yaml"
    document = yaml.safe_load(path.read_text())
    del document["training"]["training_method"], document["training"]["training_epsilon"]
    path.write_text(yaml.safe_dump(document))
    assert read_config(tmp_path) == config
    assert read_config(tmp_path).training.training_method == "standard"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("population: 4", "expected all settings of a run, missing space, rules"),
        ("- 4", "expected the settings of a run"),
        ("search: 3", "search: expected a group of settings, got 3"),
        ("search: {sed: 1}", "unknown setting 'sed'; did you mean 'seed'"),
        ("search: {seed: 1}\nseed: 2", "setting 'seed' is given twice"),
    ],
)
def test_invalid_configuration_file_is_rejected(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(tmp_path)


def test_differences_list_both_values(config: Settings) -> None:
    other = changed(config, seed=1, epochs=9)
    assert config.differences(other) == ["seed: 0 and 1", "epochs: 1 and 9"]
    assert config.differences(config) == []


def test_shaped_space_has_size_and_rules_of_run(config: Settings) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    assert (space.channels, space.cells, space.rule_choices) == (4, 1, ("fa", "usf", "brsf"))


def test_rule_of_first_layer_is_folded(config: Settings) -> None:
    space = shaped_space(load("nas-bench-201"), config)
    stem = next(at for at, gene in enumerate(space.genes) if gene.name == "stem")
    genome = space.parse("|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    values = list(genome.values)
    values[stem] = 2
    assert space.key(type(genome)(tuple(values))) == space.key(genome)


def test_rule_of_classifier_is_folded(config: Settings) -> None:
    space = shaped_space(load("nas-bench-201"), changed(config, rules=("usf", "hebb", "fa")))
    last = next(at for at, gene in enumerate(space.genes) if gene.name == "classifier")
    genome = space.parse("|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    keys = []
    for value in range(3):
        values = list(genome.values)
        values[last] = value
        keys.append(space.key(type(genome)(tuple(values))))
    assert keys[0] == keys[1] != keys[2]
