"""Pickles that run code, planted wherever evonas reads files; models with altered weights."""

import io
import json
import logging
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import joblib
import pytest
import torch
from safetensors.torch import save_file

import evonas
from evonas.errors import StorageError
from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.folder import checking
from evonas.evaluation.data.loading import fingerprints
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.model_file import ENTRY, _seal, read_model
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.settings import Settings
from evonas.space import load
from evonas.study.checkpoints import read_checkpoint, save_checkpoint
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.shape import shaped_space
from tests.evaluation.data.image_tree import SIZE, make_image_tree
from tests.finished_run import make_finished_run
from tests.small_run import changed

Write = Callable[[Path], object]


class Payload:
    """Creates a file when unpickled."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.sentinel,)


def pickled(payload: Payload, path: Path, *, protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(payload, protocol))


def dumped(payload: Payload, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(payload, path)


def torch_saved(payload: Payload, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(payload, path)


WRITERS = {"pickle": pickled, "joblib": dumped, "torch": torch_saved}


@pytest.fixture
def payload(tmp_path: Path) -> Payload:
    """Payload whose file must not exist after a test."""
    return Payload(tmp_path / "sentinel")


@pytest.fixture(params=sorted(WRITERS))
def plant(request: pytest.FixtureRequest, payload: Payload) -> Write:
    return lambda path: WRITERS[request.param](payload, path)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished_run(tmp_path_factory.mktemp("original") / "run")


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_payload_runs_when_unpickled(payload: Payload, tmp_path: Path, writer: str) -> None:
    path = tmp_path / "payload"
    WRITERS[writer](payload, path)
    readers: dict[str, Callable[[], object]] = {
        "pickle": lambda: pickle.loads(path.read_bytes()),
        "joblib": lambda: joblib.load(path),
        "torch": lambda: torch.load(path, weights_only=False),
    }
    readers[writer]()
    assert payload.sentinel.exists()


def test_pickles_beside_run_files_are_ignored(
    folder: Path, payload: Payload, plant: Write, run: Callable[[Path, int], StudyResult]
) -> None:
    before = read_run(folder).evaluations
    names = ("cache.pkl", "memory.joblib", "model.pt", "standings.pkl", "models/x.pkl")
    for name in names:
        plant(folder / name)
    run(folder, 1)
    assert read_run(folder).evaluations == before
    assert not payload.sentinel.exists()
    assert {name for name in names if (folder / name).exists()} >= {*names[:4]}


def test_pickle_in_place_of_model_is_rejected(
    folder: Path, payload: Payload, plant: Write
) -> None:
    path = next((folder / "models").iterdir())
    plant(path)
    with pytest.raises(StorageError, match=path.name):
        evonas.load_network(path)
    with pytest.raises(StorageError, match=path.name):
        evonas.load_study(folder).load(path.stem)
    assert not payload.sentinel.exists()


def test_pickle_in_place_of_checkpoint_is_rejected_despite_valid_hash(
    tmp_path: Path, payload: Payload, config: Settings
) -> None:
    config = changed(config, epochs=2, fidelity=(1, 2), images=60, batch=20)
    space, blob = shaped_space(load("nas-bench-201"), config), io.BytesIO()
    torch.save(payload, blob)
    genome = space.canonical(space.sample(random.Random(1)))
    (tmp_path / "checkpoints").mkdir()
    save_checkpoint(tmp_path, space.key(genome), 1, blob.getvalue())
    planted = read_checkpoint(tmp_path, space.key(genome), 1)
    assert planted == blob.getvalue()
    with pytest.raises(StorageError, match="checkpoint"):
        evaluate(space, genome, protocol=Protocol.of(config), stage=Stage(2, planted))
    assert not payload.sentinel.exists()


def test_pickle_in_place_of_signal_cache_is_ignored_with_warning(
    tmp_path: Path, payload: Payload, plant: Write, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cache" / "signals.db"
    plant(path)
    before = path.read_bytes()
    with caplog.at_level(logging.WARNING):
        cache = SignalCache(path, source="here")
        assert cache.found("0,1") == {}
        cache.keep("0,1", {"a": 1.0})
    assert f"{path}: signals are computed again, not cached" in caplog.text
    assert path.read_bytes() == before
    assert not payload.sentinel.exists()


@pytest.mark.parametrize("protocol", [0, pickle.HIGHEST_PROTOCOL])
def test_pickle_in_image_check_cache_is_ignored(
    tmp_path: Path, payload: Payload, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    """The oldest protocol is plain text, as the files of this cache are."""
    monkeypatch.setenv("EVONAS_CACHE", str(tmp_path / "cache"))
    root = make_image_tree(tmp_path / "tree", train=3, test=1)

    def found() -> tuple[str, str | None]:
        checking._checked.cache_clear()
        return fingerprints("folder", data_dir=root, fitting=Fitting(SIZE, storage=DISK))

    expected = found()
    kept = list((tmp_path / "cache" / "checked").glob("*.json"))
    assert kept
    for path in kept:
        pickled(payload, path, protocol=protocol)
    assert found() == expected
    assert not payload.sentinel.exists()


@pytest.mark.parametrize("kind", ["nan", "shape", "swapped"])
def test_model_with_altered_weights_is_rejected(folder: Path, kind: str) -> None:
    path = next((folder / "models").iterdir())
    weights, document = read_model(path)
    name = max(weights, key=lambda each: weights[each].numel())
    if kind == "nan":
        weights[name] = torch.full_like(weights[name], float("nan"))
    elif kind == "shape":
        weights[name] = weights[name][..., :1].contiguous()
        document["sha256"] = _seal(weights, document)
    elif kind == "swapped":
        first, second = list(weights)[:2]
        weights[first], weights[second] = weights[second], weights[first]
    save_file(weights, path, {ENTRY: json.dumps(document)})
    with pytest.raises(StorageError, match=path.name):
        evonas.load_network(path)
