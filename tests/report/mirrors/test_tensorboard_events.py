"""TensorBoard's own reader finds each step once, no matter how often the run was copied."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from evonas.errors import ConfigError
from evonas.report.mirrors.tensorboard_events import TensorboardMirror
from evonas.study.results.progress import archive_hypervolume
from evonas.study.results.reading import read_run
from tests.report.mirrors.conftest import HALVING, copied, go_on


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder)).Reload()
    tags = events.Tags()["scalars"]
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags}


@pytest.mark.parametrize("settings", [{}, HALVING], ids=["plain", "halving"])
def test_incremental_copies_write_each_scalar_once(
    begin: Callable[..., Path], tmp_path: Path, settings: dict[str, Any]
) -> None:
    folder, logs = begin(**settings), tmp_path / "logs"
    for stop_after in (3, 7, None):
        go_on(folder, stop_after=stop_after)
        for _ in range(2):
            copied(TensorboardMirror(logs), folder)
    evaluations = read_run(folder).evaluations
    for each in evaluations:
        found = read(logs / "run" / "trainings" / f"{each.key}-r{each.replicate}")
        for name, value in each.values.items():
            steps = [step for step, _ in found[f"objective/{name}"]]
            assert steps == sorted(set(steps))
            assert found[f"objective/{name}"][-1] == pytest.approx((each.epochs, value))
    (curve,) = read(logs / "run" / "search").values()
    assert [step for step, _ in curve] == [4, 8, 12]
    if not settings:
        first, objectives = evaluations[:4], ("acc", "params")
        for step, value in curve:
            expected = archive_hypervolume(
                evaluations[:step], objectives, reference_generation=first
            )
            assert value == pytest.approx(expected)


def test_front_of_ended_run_appears_as_text_and_image(
    begin: Callable[..., Path], tmp_path: Path
) -> None:
    folder = begin()
    go_on(folder)
    copied(TensorboardMirror(tmp_path / "logs"), folder)
    events = EventAccumulator(str(tmp_path / "logs" / "run" / "search")).Reload()
    assert events.Tags()["images"] == ["front"]
    (text,) = events.Tensors("front/text_summary")
    table = text.tensor_proto.string_val[0].decode()
    on_front = [c.key[:8] for c in read_run(folder).candidates if c.on_front]
    assert sorted(on_front) == sorted(line.split(" | ")[0][2:] for line in table.splitlines()[2:])


def test_unrelated_folder_is_rejected_and_left_unchanged(
    begin: Callable[..., Path], tmp_path: Path
) -> None:
    folder = begin()
    (tmp_path / "logs" / "run").mkdir(parents=True)
    (tmp_path / "logs" / "run" / "mine").touch()
    with pytest.raises(ConfigError, match="not of this run"):
        copied(TensorboardMirror(tmp_path / "logs"), folder)
    assert [path.name for path in (tmp_path / "logs" / "run").iterdir()] == ["mine"]
