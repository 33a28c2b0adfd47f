"""Oracles: the written files, which results are recomputed, and messages."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import evonas
from evonas.api.analyses import networks
from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.diagnostics.loss_landscape import loss_surface
from evonas.evaluation.diagnostics.update_noise import update_noise


@pytest.fixture(scope="module")
def found(study: evonas.Study, tmp_path_factory: pytest.TempPathFactory) -> evonas.Analysis:
    out = tmp_path_factory.mktemp("analysis") / "out"
    return evonas.analyse(study, out=out, batches=3, grid=3, progress=False)


def test_analysis_writes_possible_results_and_explains_omissions(
    study: evonas.Study, found: evonas.Analysis
) -> None:
    keys = list(study.front.index[:3])
    assert found.keys == tuple(keys)
    names = {path.name for path in found.folder.iterdir()}
    assert names == {
        "enrichment.csv", "enrichment.png", "shares.png", "gradients.csv",
        "gradient_comparison.csv", "landscape.csv", "kept",
        *(f"gradients-{key}.png" for key in keys), *(f"landscape-{key}.png" for key in keys),
    }  # fmt: skip
    assert found.effects is None
    assert list(found.left_out) == ["effects"]
    assert "at least 10 candidates" in found.left_out["effects"]
    for name, table in (
        ("enrichment", found.enrichment), ("gradients", found.gradients),
        ("gradient_comparison", found.comparisons), ("landscape", found.landscape),
    ):  # fmt: skip
        assert table is not None
        written = pd.read_csv(found.folder / f"{name}.csv")
        assert written.columns.tolist() == table.columns.tolist()
        assert len(written) == len(table)


def test_every_assignment_is_measured_at_initial_and_trained_weights(
    study: evonas.Study, found: evonas.Analysis
) -> None:
    assert found.comparisons is not None
    assert found.gradients is not None
    expected = {"own", "bp", *study.settings.problem.rules}
    groups = found.comparisons.groupby(["key", "weights"]).assignment.apply(set)
    assert len(groups) == 2 * len(found.keys)
    assert all(group == expected for group in groups)
    alone = found.gradients[found.gradients.assignment == "bp"]
    assert (alone.cosine - 1).abs().max() < 1e-6
    assert set(alone.rule) == {"bp"}


def test_landscape_includes_the_centre_for_every_network(
    found: evonas.Analysis,
) -> None:
    assert found.landscape is not None
    assert len(found.landscape) == 9 * len(found.keys)
    centre = found.landscape[(found.landscape["first"] == 0) & (found.landscape["second"] == 0)]
    assert len(centre) == len(found.keys)
    # trained networks lie below the mean of their surroundings
    assert (centre.set_index("key").loss < found.landscape.groupby("key").loss.mean()).all()


def test_repeated_analysis_reuses_cached_results(
    study: evonas.Study, found: evonas.Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(networks, "update_noise", never)
    monkeypatch.setattr(networks, "loss_surface", never)
    again = evonas.analyse(study, out=found.folder, batches=3, grid=3, progress=False)
    for name in ("enrichment", "gradients", "comparisons", "landscape"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(found, name))
    with pytest.raises(AssertionError, match="computed again"):
        evonas.analyse(study, out=found.folder, what=["gradients"], batches=4, progress=False)


def test_interrupted_analysis_continues_from_cache(
    study: evonas.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"updates": 0, "surfaces": 0}

    def counted_updates(*given: object, **named: object) -> object:
        counts["updates"] += 1
        return update_noise(*given, **named)  # type: ignore[arg-type]

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "update_noise", counted_updates)
    monkeypatch.setattr(networks, "loss_surface", interrupted)
    key = [study.front.index[0]]
    with pytest.raises(KeyboardInterrupt):
        evonas.analyse(study, keys=key, out=tmp_path, batches=3, grid=3, progress=False)
    assert counts["updates"] == 2
    assert (tmp_path / "gradients.csv").exists()
    monkeypatch.setattr(networks, "loss_surface", loss_surface)
    found = evonas.analyse(study, keys=key, out=tmp_path, batches=3, grid=3, progress=False)
    assert counts["updates"] == 2
    assert found.landscape is not None


def test_truncated_cache_file_is_recomputed(study: evonas.Study, found: evonas.Analysis) -> None:
    key = found.keys[0]
    (found.folder / "kept" / f"landscape-{key}.json").write_text("{")
    again = evonas.analyse(study, out=found.folder, what=["landscape"], grid=3, progress=False)
    assert again.landscape is not None
    assert found.landscape is not None
    pd.testing.assert_frame_equal(again.landscape, found.landscape)


def test_candidate_without_weights_is_analysed_at_initialisation(
    study: evonas.Study, tmp_path: Path
) -> None:
    others = [key for key in study.candidates.index if key not in study.front.index]
    others = [k for k in others if not (study.folder / "models" / f"{k}.safetensors").exists()]
    if not others:
        pytest.skip("the front has everyone")
    found = evonas.analyse(study, keys=others[:1], out=tmp_path, batches=3, progress=False)
    assert found.comparisons is not None
    assert set(found.comparisons.weights) == {"initial"}
    assert "the weights of these candidates were not kept" in found.left_out["landscape"]


def test_pooled_runs_require_an_output_folder(study: evonas.Study, tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(study.folder, twin)
    runs: list[evonas.Study | Path] = [study, twin]
    with pytest.raises(ConfigError, match="out: expected a folder for the analysis of 2 runs"):
        evonas.analyse(runs, progress=False)
    found = evonas.analyse(runs, what=["enrichment"], out=tmp_path / "out", progress=False)
    assert found.candidates == 2 * len(study.candidates)
    with pytest.raises(ConfigError, match="is given twice"):
        evonas.analyse([runs[0], study.folder], out=tmp_path / "out", progress=False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"what": ["gradient"]}, "what: .* got 'gradient'; did you mean 'gradients'"),
        ({"what": []}, "what: expected one or more of"),
        ({"what": ["effects"]}, "effects: expected at least 10"),
        ({"batches": 2}, "batches: expected at least 3, got 2"),
        ({"grid": 4}, "grid: expected an odd number"),
    ],
)
def test_invalid_option_is_rejected(
    study: evonas.Study, tmp_path: Path, given: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        evonas.analyse(study, out=tmp_path, progress=False, **given)  # type: ignore[arg-type]


def test_unknown_key_is_rejected(study: evonas.Study, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no candidate has the key 'zz'"):
        evonas.analyse(study, keys=["zz"], out=tmp_path, progress=False)
