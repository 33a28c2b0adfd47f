"""``evonas doctor``: facts about this machine, remedies for hypothetical machines."""

import os
import platform
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evonas.cli import main
from evonas.cli.doctor import measured, path
from evonas.cli.examining.machine import GIB, Gpu, Machine, problems, this_machine
from evonas.evaluation.training import speed
from evonas.evaluation.training.cuda_graph import Replayed
from evonas.evaluation.training.speed import Speed, training_speed
from evonas.settings.machine import Precision

H200 = Gpu("NVIDIA H200", 141 * GIB, (9, 0))
SOUND = Machine(
    python="3.12.1", torch="2.11.0", cuda_of_torch="13.0", triton="3.6.0", cores=8,
    memory_bytes=64 * GIB, gpus=(H200,), has_driver=True, data_dir=Path("data"),
    has_data_dir=True,
)  # fmt: skip


def test_doctor_reports_versions_and_data_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVONAS_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--device", "cpu"])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    for fact in (platform.python_version(), torch.__version__, "images/s", "--device cpu"):
        assert fact in printed
    assert f"{tmp_path / 'nowhere'} does not exist" in printed


def test_this_machine_matches_system_information() -> None:
    machine = this_machine()
    assert machine.cores <= (os.cpu_count() or 1)
    assert len(machine.gpus) == torch.cuda.device_count()
    memory = next(
        line
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        if "MemTotal" in line
    )
    assert machine.memory_bytes == pytest.approx(1024 * int(memory.split()[1]), rel=0.01)


def test_either_sign_of_a_driver_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    has_device = Path("/dev/nvidia0").exists()
    assert this_machine().has_driver is has_device
    program.chmod(0o755)
    assert this_machine().has_driver


def test_unknown_device_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--device", "tpu"])
    assert left.value.code == 2
    assert "expected auto, cpu, cuda, cuda:<number> or all" in capsys.readouterr().err


def test_sound_machine_has_no_problems() -> None:
    assert problems(SOUND) == []
    assert problems(replace(SOUND, gpus=(), has_driver=False, cuda_of_torch=None)) == []


@pytest.mark.parametrize(
    ("machine", "remedy"),
    [
        (replace(SOUND, gpus=(), cuda_of_torch=None), "install the CUDA build"),
        (replace(SOUND, gpus=()), "CUDA_VISIBLE_DEVICES"),
        (replace(SOUND, triton=None), "pip install triton"),
        (replace(SOUND, gpus=(replace(H200, capability=(7, 5)),)), "--precision fp32"),
        (replace(SOUND, gpus=(), has_driver=False, memory_bytes=6 * GIB), "--workers 4"),
        (replace(SOUND, has_data_dir=False), "EVONAS_DATA"),
    ],
)
def test_each_problem_names_a_remedy(machine: Machine, remedy: str) -> None:
    (problem,) = problems(machine)
    assert remedy in problem


def test_path_describes_how_the_device_is_used() -> None:
    assert path(SOUND, "cpu") == "--device cpu: 8 processes with one thread each, fp32, eager"
    assert "a process for each of 1 GPU, 6 candidates at once in each, tf32" in path(
        SOUND, "cuda:0"
    )


def test_speed_text_reports_fallback_on_cuda_only() -> None:
    speeds: dict[Precision, Speed] = {
        "tf32": Speed(1234.5, 7.6, 64, "capture failed: stream"),
        "bf16": Speed(2000.0, 4.2, 64, "capture failed: stream"),
    }
    text = measured("cuda:0", speeds)
    assert "cuda:0: tf32 1,234 images/s, 7.6 ms a step of 64; bf16 2,000 images/s, 4.2 ms" in text
    assert text.endswith("not replayed: capture failed: stream")
    assert "replayed" not in measured("cpu", speeds)


def test_images_per_second_is_batch_over_step_time() -> None:
    found = training_speed("cpu", precision="fp32", batch=8, num_steps=1, channels=4)
    assert found.images_per_second * found.step_milliseconds == pytest.approx(8000)
    assert found.fallback == "cpu has no graphs"


@pytest.mark.parametrize(("most_seconds", "num_timed"), [(0.0, 1), (600.0, 3)])
def test_slow_machine_is_measured_by_fewer_steps(
    most_seconds: float, num_timed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[None] = []

    step = Replayed.__call__

    def counted(replayed: Replayed) -> None:
        calls.append(None)
        step(replayed)

    monkeypatch.setattr(Replayed, "__call__", counted)
    monkeypatch.setattr(speed, "MAX_SECONDS", most_seconds)
    training_speed("cpu", precision="fp32", batch=8, num_steps=3, channels=4)
    assert len(calls) == 1 + num_timed  # the first one is not timed


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_device_without_free_memory_is_a_problem(
    form: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Speed:
        torch.empty(10**15)
        raise AssertionError

    monkeypatch.setattr("evonas.cli.doctor.training_speed", full)
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--device", "cpu", *form])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert "cpu: not measured: out of memory: " in printed
    assert "no problems" not in printed
