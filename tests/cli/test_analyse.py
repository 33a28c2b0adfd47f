"""``evonas analyse``: the oracles are the tables that it writes, and the expected messages."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from evonas.api.analyses.result import Analysis
from evonas.cli.examining.analysis_words import effects_words, enrichment_words, gradients_words

RUN = [
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "usf,dfa",
    "--population", "6", "--generations", "2", "--epochs", "1", "--images", "60", "--batch", "20",
    "--channels", "4", "--cells", "1", "--workers", "1", "--quiet", "--replicates", "1",
    "--confirm", "0",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evonas.cli import main

    out = tmp_path_factory.mktemp("analyse") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return out


def test_analysis_is_written_to_run_folder_and_summarised(
    folder: Path, call: Callable[..., str]
) -> None:
    key = pd.read_csv(folder / "pareto.csv").key[0]
    said = call("analyse", str(folder), "--batches", "3", "--grid", "3", "--keys", key[:8])
    out = folder / "analysis"
    candidates = len(pd.read_csv(folder / "candidates.csv"))
    front = len(pd.read_csv(folder / "pareto.csv"))
    assert f"{candidates} candidates, {front} on the front" in said
    for title in ("Rules on the front", "Main effects", "Variance of gradients", "Loss landscape"):
        assert title in said
    assert f"tables and pictures: {out}" in said
    fits = pd.read_csv(out / "fits.csv")
    for fit in fits.itertuples():
        assert f"{fit.objective}, {fit.model}: on held-out candidates R2 {fit.r2:.2f}" in said
    compared = pd.read_csv(out / "gradient_comparison.csv")
    assert set(compared.key) == {key}
    assert call("analyse", str(folder), "--what", "enrichment", "--quiet") == ""


def test_runs_are_pooled_only_if_objectives_agree(
    folder: Path, call: Callable[..., str], tmp_path: Path
) -> None:
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    both = ["analyse", str(folder), str(twin), "--what", "enrichment"]
    assert "of 2 runs" in call(*both, "--out", str(tmp_path / "out"))
    assert "out: expected a folder for the analysis of 2 runs" in call(*both, code=2)
    other = tmp_path / "other"
    quick = ["acc,flops" if each == "acc,params" else each for each in RUN]
    call(*quick, "--out", str(other))
    said = call("analyse", str(folder), str(other), "--out", str(tmp_path / "o"), code=2)
    assert "expected the objectives of" in said
    assert "acc, flops" in said


def test_invalid_arguments_are_rejected_and_write_nothing(
    folder: Path, call: Callable[..., str], tmp_path: Path
) -> None:
    to = ["--out", str(tmp_path / "out")]
    assert "expected the folder of a run, got none" in call("analyse", *to, code=2)
    assert "did you mean 'effects'" in call(
        "analyse", str(folder), "--what", "efects", *to, code=2
    )
    assert "no candidate has the key 'zz'" in call(
        "analyse", str(folder), "--keys", "zz", *to, code=2
    )
    assert "expected the folder of a run" in call("analyse", str(tmp_path / "no"), *to, code=2)
    assert not (tmp_path / "out").exists()


def analysis(**tables: pd.DataFrame) -> Analysis:
    return replace(Analysis(Path("out"), (Path("run"),), 40, 4, ("k",)), **tables)  # type: ignore[arg-type]


def test_summary_reports_enriched_rules_and_limits_of_small_fronts() -> None:
    columns = ["depth", "rule", "share_front", "share_all", "difference", "p", "p_holm", "p_least"]
    rows = [
        ("stage0", "usf", 1.0, 0.3, 0.7, 0.001, 0.004, 0.001),
        ("stage1", "fa", 0.1, 0.2, -0.1, 0.5, 1.0, 0.2),
    ]
    said = list(enrichment_words(analysis(enrichment=pd.DataFrame(rows, columns=columns))))
    assert said[0] == (
        "more often on the front: usf at stage0: 100 % of sites on the front, 30 % among all, "
        "p after Holm 0.004"
    )
    assert "only 1 of 2 cells could have become significant" in said[1]
    said = list(enrichment_words(analysis(enrichment=pd.DataFrame(rows[1:], columns=columns))))
    assert said[0].startswith("no rule is enriched or depleted at any depth")


def test_summary_dismisses_a_model_that_explains_nothing() -> None:
    fits = pd.DataFrame(
        [("acc", "gaussian process", 40, 10, -0.1, 0.1, 0.3, 0.01, 0.02),
         ("acc", "additive", 40, 10, 0.4, 0.1, 0.3, 0.01, 0.02)],
        columns=["objective", "model", "candidates", "folds", "r2", "rmse", "tau", "tau_p",
                 "noise"],
    )  # fmt: skip
    effects = pd.DataFrame(
        [("acc", "rule", "any site", "fa", 3, 0.5, 0.1, 0.4, 0.1)],
        columns=["objective", "kind", "gene", "choice", "seen", "effect", "error", "additive",
                 "additive_error"],
    )  # fmt: skip
    said = list(effects_words(analysis(effects=effects, fits=fits)))
    assert "the surrogate explains nothing here" in said[-1]
    fits.loc[0, "r2"] = 0.5
    said = list(effects_words(analysis(effects=effects, fits=fits)))
    assert said[-1].strip().startswith("fa at any site: +0.5 ± 0.1 (additive +0.4 ± 0.1")


def test_summary_calls_imprecise_gradient_variances_inconclusive() -> None:
    columns = ["key", "weights", "assignment", "batches", "nv", "ratio", "p_holm"]
    rows = [
        ("k", "initial", "own", 20, 2.0, 1.0, float("nan")),
        ("k", "initial", "bp", 20, 4.0, 0.5, 0.01),
        ("k", "initial", "fa", 20, 2.0, 1.0, 0.9),
        ("k", "trained", "own", 20, 18.0, 1.0, float("nan")),
        ("k", "trained", "bp", 20, 36.0, 0.5, 0.01),
    ]
    said = list(gradients_words(analysis(comparisons=pd.DataFrame(rows, columns=columns))))
    assert said[0] == (
        "k, initial weights: its own rules are less variable than bp; not significantly "
        "different from fa"
    )
    assert "inconclusive, as the gradients of 20 mini-batches" in said[1]
