"""Two CPU processes that share each batch, compared with one that has it whole."""

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import evonas
from evonas.errors import ClusterError, ConfigError, TrainingDiverged
from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.space import source_text
from evonas.study.final import companions
from evonas.study.final import run as module
from evonas.study.final.job import FinalJob

GENOME = "|conv_3x3~0|+|sep_3x3~1|+|grouped_3x3~2| @ kp frsf"
RECIPE = FinalRecipe(
    description="", epochs=2, batch=400, learning_rate=0.05, cutout=3, label_smoothing=0.1,
    clip_norm=1.0,
)  # fmt: skip


def trained(
    out: Path, *, processes: int, normalisation: str = "none", recipe: FinalRecipe = RECIPE
) -> evonas.FinalReport:
    space = out.parent / f"{normalisation}.yaml"
    space.write_text(source_text("tiny") + f"\nnormalisation: {normalisation}\n")
    return evonas.train(
        space=space, genome=GENOME, dataset="digits", channels=4, cells=1, rules=["kp", "frsf"],
        recipe=recipe, processes=processes, out=out, progress=False,
    )  # fmt: skip


@pytest.mark.system
def test_two_processes_match_one_with_whole_batch(tmp_path: Path) -> None:
    one = trained(tmp_path / "one", processes=1)
    two = trained(tmp_path / "two", processes=2)
    other = trained(tmp_path / "other", processes=1, recipe=replace(RECIPE, learning_rate=0.051))
    expected, found, far = (each.load().state_dict() for each in (one, two, other))
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=2e-6)
    # the tolerance is tight enough to tell slightly different trainings apart
    apart = max(float((far[name] - value).abs().max()) for name, value in expected.items())
    assert apart > 1e-4
    assert two.curve.loss.tolist() == pytest.approx(one.curve.loss.tolist(), rel=1e-5)


def children() -> set[int | None]:
    """Child processes of this one; earlier tests may have left idle workers."""
    return {each.pid for each in multiprocessing.active_children()}


class Left(BaseException):
    """Stands for an interruption by the user."""


@pytest.mark.system
def test_interrupted_training_in_two_processes_resumes_equally(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With batch normalisation, whose running statistics differ between the parts of a batch."""
    whole = trained(tmp_path / "whole", processes=2, normalisation="batch")
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    written = module._save

    def save(training: FinalTraining, path: Path) -> None:
        written(training, path)
        if training.num_steps_done == 4:
            raise Left

    monkeypatch.setattr(module, "_save", save)
    before = children()
    with pytest.raises(Left):
        trained(tmp_path / "left", processes=2, normalisation="batch")
    assert children() <= before
    monkeypatch.setattr(module, "_save", written)
    again = trained(tmp_path / "left", processes=2, normalisation="batch")
    assert again.results[0].model_sha256 == whole.results[0].model_sha256
    assert again.curve.loss.tolist() == whole.curve.loss.tolist()


@pytest.mark.system
def test_killed_process_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = children()

    def kill(path: Path, epochs: object) -> None:  # noqa: ARG001
        for companion in children() - before:
            os.kill(companion or 0, signal.SIGKILL)

    monkeypatch.setattr(module, "write_curve", kill)
    with pytest.raises(
        ClusterError, match="process 1 ended with code -9; the same command continues"
    ):
        trained(tmp_path / "out", processes=2)


@pytest.mark.system
def test_process_that_cannot_begin_is_reported(tmp_path: Path) -> None:
    """Without the guard, a companion runs the script again and finds the folder locked."""
    script = tmp_path / "unguarded.py"
    script.write_text(
        f"import evonas\nevonas.train(space='tiny', genome={GENOME!r}, dataset='digits', "
        "rules=['kp', 'frsf'], recipe='short', processes=2, out='out', progress=False)"
    )
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "ClusterError: process 1 ended with code 1 before" in ended.stderr.splitlines()[-1]
    assert 'needs `if __name__ == "__main__":`' in ended.stderr


@pytest.mark.system
def test_divergence_in_two_processes_is_reported_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TrainingDiverged, match="the training loss became nan"):
        trained(tmp_path / "out", processes=2, recipe=replace(RECIPE, learning_rate=1e9))
    assert "Traceback" not in capfd.readouterr().err


def test_process_says_why_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise torch.OutOfMemoryError("no memory on cuda:1")

    monkeypatch.setattr(companions, "_join_group", short)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    job = FinalJob(NamedArchitecture("resnet20", ("bp",)), "digits", None, 0, "fp32", RECIPE)
    ours, theirs = multiprocessing.Pipe(duplex=False)
    with pytest.raises(SystemExit, match="process 1: no memory on cuda:1"):
        companions._follow(1, job, "data", "cpu", str(tmp_path), theirs)
    assert ours.recv() is None


def test_number_of_processes_must_divide_batch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a divisor of the batch size 400, got 3"):
        trained(tmp_path / "out", processes=3)
    with pytest.raises(ConfigError, match="processes: expected a whole number of at least 1"):
        trained(tmp_path / "out", processes=0)
