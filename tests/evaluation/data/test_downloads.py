"""Interrupted downloads; oracle: the byte ranges requested from a local server."""

import hashlib
import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from filelock import FileLock
from scipy.io import savemat
from torchvision import datasets

from evonas.errors import DataError
from evonas.evaluation.data.sources import downloads
from evonas.evaluation.data.sources.downloads import finish_download
from evonas.evaluation.data.sources.svhn import Svhn

CONTENT = np.random.default_rng(0).bytes(100_000)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@contextmanager
def served(
    content: bytes, *, gives_parts: bool = True, seconds: float = 0.0
) -> Iterator[tuple[str, list[str]]]:
    """Serve one file, after a delay; yield its address and the list of requested ranges."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """A server of one file."""

        def do_GET(self) -> None:
            said = self.headers.get("Range", "")
            asked.append(said)
            time.sleep(seconds)
            start = int(said[len("bytes=") : -1]) if said and gives_parts else 0
            self.send_response(206 if said and gives_parts else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.bin", asked
        server.shutdown()


@pytest.fixture
def cut_short(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT[:40_000])
    return path


def test_only_the_missing_bytes_are_fetched(cut_short: Path) -> None:
    with served(CONTENT) as (address, asked):
        finish_download(["http://127.0.0.1:1/nobody", address], cut_short, md5=MD5)
        assert asked == ["bytes=40000-"]
        assert cut_short.read_bytes() == CONTENT
        finish_download([address], cut_short, md5=MD5)  # already complete
        finish_download([address], cut_short.with_name("other"), md5=MD5)  # never begun
        assert asked == ["bytes=40000-"]


def test_file_is_kept_when_server_lacks_ranges_or_is_down(cut_short: Path) -> None:
    with served(CONTENT, gives_parts=False) as (address, asked):
        finish_download([address], cut_short, md5=MD5)
        assert asked == ["bytes=40000-"]
    finish_download([address], cut_short, md5=MD5)
    assert cut_short.read_bytes() == CONTENT[:40_000]


def test_download_with_wrong_md5_is_deleted(cut_short: Path) -> None:
    with served(bytes(len(CONTENT))) as (address, _):
        finish_download([address], cut_short, md5=MD5)
    assert not cut_short.exists()


def test_data_set_download_resumes_from_partial_file(
    cut_short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(CONTENT) as (address, asked):
        part = [address, cut_short.name, MD5]
        monkeypatch.setattr(datasets.SVHN, "split_list", {"train": part})
        with pytest.raises(
            DataError, match=r"The download from .* failed"
        ):  # complete, but not a .mat file
            Svhn().load_train(cut_short.parent, download=True)
        assert asked == ["bytes=40000-"]
    assert cut_short.read_bytes() == CONTENT


def test_answer_that_is_no_http_is_a_failed_download(
    cut_short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer() -> None:
        for _ in range(2):  # to resume, and from the beginning
            connection, _address = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"garbage of a proxy\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=answer, daemon=True).start()
        part = [f"http://127.0.0.1:{listener.getsockname()[1]}/", cut_short.name, MD5]
        monkeypatch.setattr(datasets.SVHN, "split_list", {"train": part})
        with pytest.raises(DataError, match=r"The download from .* failed \(garbage of a proxy\)"):
            Svhn().load_train(cut_short.parent, download=True)


@pytest.fixture
def svhn_file() -> bytes:
    file = io.BytesIO()
    images = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 4), dtype=np.uint8)
    savemat(file, {"X": images, "y": np.array([[1], [2], [10], [3]], dtype=np.uint8)})
    return file.getvalue()


def test_data_set_is_downloaded_once_for_two_processes(
    svhn_file: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two threads stand for the processes: their locks exclude each other likewise."""
    monkeypatch.setattr(downloads, "_SILENT_SECONDS", 0.1)
    md5 = hashlib.md5(svhn_file, usedforsecurity=False).hexdigest()
    with served(svhn_file, seconds=0.5) as (address, asked), ThreadPoolExecutor(2) as pool:
        part = [address, "train.mat", md5]
        monkeypatch.setattr(datasets.SVHN, "split_list", {"train": part})
        started = [
            pool.submit(Svhn().load_train, tmp_path / "data", download=True) for _ in range(2)
        ]
        found = [each.result() for each in started]
        assert len(asked) == 2  # one download: torchvision first looks for a redirection
    assert [each.labels.tolist() for each in found] == [[1, 2, 0, 3]] * 2
    said = f"Waiting: another process is downloading 'svhn' to {tmp_path / 'data'}.\n"
    assert capsys.readouterr().err.count(said) == 1


def test_reading_without_download_ignores_the_lock(
    svhn_file: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    md5 = hashlib.md5(svhn_file, usedforsecurity=False).hexdigest()
    (tmp_path / "train.mat").write_bytes(svhn_file)
    monkeypatch.setattr(datasets.SVHN, "split_list", {"train": ["", "train.mat", md5]})
    with FileLock(tmp_path / ".svhn.lock"):
        assert len(Svhn().load_train(tmp_path, download=False).labels) == 4


def test_download_into_an_impossible_folder_fails_with_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"The download from .* failed"):
        Svhn().load_train(tmp_path / "file" / "data", download=True)


def test_download_works_where_the_file_system_has_no_locks(
    svhn_file: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", refuse)
    md5 = hashlib.md5(svhn_file, usedforsecurity=False).hexdigest()
    with served(svhn_file) as (address, _):
        part = [address, "train.mat", md5]
        monkeypatch.setattr(datasets.SVHN, "split_list", {"train": part})
        assert len(Svhn().load_train(tmp_path, download=True).labels) == 4
