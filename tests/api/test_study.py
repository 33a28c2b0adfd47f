"""The Python API; the oracles are the files of the run, the command line, and the data."""

import csv
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import evonas
from evonas.cli import main
from evonas.errors import ConfigError, DataError, GenomeError, RunFolderError, UnknownNameError
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.loading import load_search_data
from evonas.rules import RULES
from evonas.search.baselines.random_search import RandomSearch
from evonas.search.engines import SEARCHES
from evonas.space import load

TABLES = ("pareto.csv", "candidates.csv")
FLAGS = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--population", "2", "--generations",
    "2", "--epochs", "1", "--images", "60", "--batch", "20", "--channels", "4", "--workers", "1",
    "--quiet",
    "--replicates", "1", "--confirm", "0",
]  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table, without seconds."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def call(*arguments: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code == 0


def test_python_search_writes_same_files_as_command(study: evonas.Study, tmp_path: Path) -> None:
    call(*FLAGS, "--out", str(tmp_path / "run"))
    for name in TABLES:
        assert rows(study.folder / name) == rows(tmp_path / "run" / name)
    assert (study.folder / "config.yaml").read_text() == (
        tmp_path / "run" / "config.yaml"
    ).read_text()


def test_negative_replicate_is_rejected_by_name() -> None:
    with pytest.raises(ConfigError, match="replicate: expected a whole number of at least 0"):
        evonas.evaluate("tiny", "any", replicate=-1)


@pytest.mark.parametrize("genome", [None, 3, ("conv",)])
def test_what_is_no_genome_is_rejected(genome: Any) -> None:
    with pytest.raises(GenomeError, match=r"genome: expected its text or a Genome .*, got"):
        evonas.evaluate("tiny", genome, epochs=1, images=60, channels=4)


def test_settings_object_equals_keyword_settings(study: evonas.Study, tmp_path: Path) -> None:
    tree = evonas.Settings().with_values(
        {
            "space": "tiny",
            "objectives": ("acc", "params"),
            "epochs": 7,
            "population": 2,
            "confirm": 0,
        }
    )
    other = evonas.new_study(
        settings=tree, out=tmp_path / "run", generations=2, epochs=1, images=60, batch=20,
        channels=4, replicates=1,
    )  # fmt: skip
    assert other.settings == study.settings


def test_data_frames_match_csv_tables(study: evonas.Study) -> None:
    for frame, name in ((study.front, "pareto.csv"), (study.candidates, "candidates.csv")):
        written = pd.read_csv(study.folder / name, index_col="key")
        assert frame.index.name == "key"
        assert list(frame.columns) == list(written.columns)
        pd.testing.assert_frame_equal(
            frame.astype(object).fillna(""), written.astype(object).fillna(""), check_dtype=False
        )


def test_loaded_network_has_the_accuracy_of_its_row(study: evonas.Study) -> None:
    validation = load_search_data("digits", seed=0, num_images=60).validation
    for key, row in study.front.iterrows():
        network = study.load(str(key))
        assert not network.training
        assert accuracy(network, validation) == row.acc  # type: ignore[arg-type]


def test_unique_key_prefix_finds_its_candidate(study: evonas.Study) -> None:
    keys = [e.key for e in study.evaluations]
    short = next(
        keys[0][:n] for n in range(1, 17) if sum(k.startswith(keys[0][:n]) for k in keys) == 1
    )
    assert study.find(short).key == keys[0]
    with pytest.raises(UnknownNameError, match="no candidate has the key 'zz'"):
        study.find("zz")
    with pytest.raises(UnknownNameError, match="no candidate has the key ''"):
        study.find("")
    with pytest.raises(UnknownNameError, match="key: expected a text, got 3"):
        study.find(3)  # type: ignore[arg-type]


def test_loading_candidate_off_the_front_is_rejected(study: evonas.Study) -> None:
    dominated = next(key for key in study.candidates.index if key not in study.front.index)
    with pytest.raises(DataError, match="only those of candidates on the front"):
        study.load(dominated)


def test_single_evaluation_matches_values_of_search(
    study: evonas.Study, quick: dict[str, Any]
) -> None:
    given = {name: quick[name] for name in ("epochs", "images", "batch", "channels")}
    for evaluation in study.evaluations[:2]:
        trained = evonas.evaluate("tiny", evaluation.genome, objectives=("acc", "params"), **given)
        assert trained.values == evaluation.values
        if evaluation.key in study.front.index:
            assert trained.network is not None
            mine, theirs = trained.network.state_dict(), study.load(evaluation.key).state_dict()
            assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_given_space_object_keeps_its_size_and_rules() -> None:
    space = load("tiny").resized(channels=8, cells=1).with_rules(("usf",))
    genome = space.parse("|conv_3x3~0|+|skip~0|+|skip~1|")
    trained = evonas.evaluate(space, genome, objectives="params", epochs=1, images=60, batch=20)
    assert set(trained.evaluation.weights_by_rule) == {"usf"}
    wider = evonas.evaluate(
        space, genome, objectives="params", epochs=1, images=60, batch=20, channels=16
    )
    assert wider.values["params"] > trained.values["params"]


def test_resuming_new_study_gives_same_tables(
    study: evonas.Study, quick: dict[str, Any], tmp_path: Path
) -> None:
    given = {name: value for name, value in quick.items() if name != "progress"}
    new = evonas.new_study("tiny", objectives="acc,params", out=tmp_path / "run", **given)
    assert len(new.front) == 0
    assert evonas.load_study(new.folder).resume(workers=1, progress=False) is not None
    for name in TABLES:
        assert rows(study.folder / name) == rows(new.folder / name)


def test_notebook_representation_shows_the_front(study: evonas.Study) -> None:
    html = study._repr_html_()
    assert all(f"<th>{key}</th>" in html for key in study.front.index)
    assert "tiny on digits" in repr(study)


def test_available_lists_every_registered_name() -> None:
    assert set(evonas.available("rules").index) >= set(RULES)
    assert set(evonas.available("algorithms").index) > set(SEARCHES)
    assert evonas.available("algorithms").source["random"] == RandomSearch.source
    assert evonas.available("datasets").classes["cifar100"] == 100
    assert evonas.available("spaces").genotypes["nas-bench-201"] == load("nas-bench-201").size
    with pytest.raises(UnknownNameError, match="'rule'; did you mean 'rules'"):
        evonas.available("rule")


def test_datasets_are_listed_with_shape_and_defaults() -> None:
    listed = evonas.available("datasets")
    columns = ["what it shows", "classes", "shape", "epochs", "batch", "epsilon"]
    assert list(listed.columns) == columns
    assert list(listed.loc["digits"])[1:] == [10, "1x8x8", 6, 32, "16/255"]  # as in docs/data.md
    assert listed["shape"]["imagenet16-120"] == "3x16x16"
    assert listed["shape"].isna()["folder"]  # unknown without images


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"populaton": 3}, "unknown setting 'populaton'; did you mean 'population'"),
        ({"population": "many"}, "population: expected a whole number, got 'many'"),
        ({"population": True}, "population: expected a whole number, got True"),
        ({"objectives": 3}, "objectives: expected a list, such as acc,robust, got 3"),
        ({"learning_rate": float("nan")}, "learning_rate: expected a number, got nan"),
        ({"space": "tiny", "cells": 0}, "cells: expected a whole number of at least 1, got 0"),
        ({}, "space: expected a search space, got none"),
    ],
)
def test_wrong_setting_is_rejected_and_writes_nothing(
    given: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        evonas.search(progress=False, **given)
    assert list(tmp_path.iterdir()) == []


def test_loading_folder_without_run_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="expected the folder of a run"):
        evonas.load_study(tmp_path)


def test_evonas_search_is_both_function_and_package() -> None:
    import evonas.search.base as base

    assert base.AbstractSearch is evonas.search.base.AbstractSearch  # type: ignore[attr-defined]
    assert "settings" in inspect.signature(evonas.search).parameters
    assert "Search a space" in (evonas.search.__doc__ or "")
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        evonas.serch  # noqa: B018


@pytest.mark.system
@pytest.mark.parametrize("command", [["front"], ["status"], ["ls"]])
def test_looking_at_finished_run_imports_no_torch(command: list[str], study: evonas.Study) -> None:
    folder = study.folder.parent if command == ["ls"] else study.folder
    script = (
        "import sys\nfrom evonas.cli import main\n"
        f"try:\n    main({[*command, str(folder)]!r})\n"
        "finally:\n    print([m for m in ('torch', 'pandas', 'scipy.stats') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_importing_and_listing_evonas_imports_no_heavy_package() -> None:
    script = (
        "import sys, evonas; dir(evonas); "
        "print([m for m in ('torch', 'pymoo', 'pandas', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_study_is_found_after_a_change_of_the_working_directory(
    study: evonas.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study.folder.parent)
    opened = evonas.load_study(study.folder.name)
    assert opened.folder == Path(study.folder.name)
    expected = opened.front
    monkeypatch.chdir(tmp_path)
    assert opened.folder == study.folder.resolve()
    pd.testing.assert_frame_equal(opened.front, expected)
    assert opened.load(expected.index[0]) is not None


def test_study_is_taken_where_the_folder_of_a_run_is(study: evonas.Study, tmp_path: Path) -> None:
    out = tmp_path / "network.safetensors"
    assert evonas.export(study, study.front.index[0], format="safetensors", out=out) == out
    assert evonas.load_study(study).folder == study.folder
    with pytest.raises(ConfigError, match="expected the key of a candidate"):
        evonas.train(study, progress=False)
