"""Files that are cut off, corrupt or far too large are rejected by name, with no other error.

The oracles are whole files, cut or changed by the test, and the promised messages.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evonas.errors import DataError
from evonas.evaluation.data.folder.decoding import decode, size_of
from tests.evaluation.data.decoding.written_images import RAMP, saved


def broken(path: Path, *, kept: float) -> Path:
    saved(path, Image.fromarray(np.random.default_rng(1).integers(0, 256, (99, 99), np.uint8)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp", "bmp", "pgm"])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5])
def test_truncated_file_is_rejected_by_name(tmp_path: Path, suffix: str, kept: float) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path}/a\.{suffix}: cannot be read \("):
        decode(broken(tmp_path / f"a.{suffix}", kept=kept))


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp"])
def test_corrupt_file_decodes_or_raises_only_data_error(tmp_path: Path, suffix: str) -> None:
    whole = broken(tmp_path / f"a.{suffix}", kept=1.0)
    content = whole.read_bytes()
    rng = np.random.default_rng(2)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(content)
        for at in rng.integers(0, min(len(content), 300), 8):
            damaged[at] = int(rng.integers(256))
        whole.write_bytes(bytes(damaged))
        try:
            outcomes.add(decode(whole).pixels.dtype)
        except DataError as problem:
            outcomes.add(str(problem).startswith(str(whole)))
    assert outcomes <= {np.dtype(np.uint8), True}
    assert True in outcomes


def test_decompression_bomb_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(RAMP))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)  # it has 12, more than twice as many
    with pytest.raises(DataError, match="too many pixels to be a photograph"):
        decode(path)
    with pytest.raises(DataError, match=r"a\.png"):
        size_of(path)
