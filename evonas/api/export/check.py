"""Check an exported file against the network, in a separate process without evonas."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evonas.errors import StorageError

NUM_CHECKED = 64
TOLERANCE = 1e-5
"""Tolerance relative to the largest logit: what another order of rounding may change."""

_BEGIN = """
import sys
import numpy as np
path, given, found = sys.argv[1:]
images = np.load(given)
"""
_END = """
np.save(found, logits)
assert "evonas" not in sys.modules
"""
_READERS = {
    "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
logits = session.run(None, {"images": images})[0]
""",
    "pt2": """
import torch
with torch.no_grad():
    logits = torch.export.load(path).module()(torch.from_numpy(images)).numpy()
""",
    "python": """
import importlib.util, torch
spec = importlib.util.spec_from_file_location("exported", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
with torch.no_grad():
    logits = module.Network()(torch.from_numpy(images)).numpy()
""",
}


def check_export(
    network: nn.Module, path: Path, *, file_format: str, shape: tuple[int, int, int]
) -> None:
    """Compare logits on noise images, in a batch size different from that of the export.

    Args:
        network: the network that was exported, on the CPU.
        path: path of the exported file.
        file_format: format of the file: onnx, pt2 or python.
        shape: channels, height and width of an image.

    Raises:
        StorageError: the file cannot be used, or gives other logits.
    """
    images = torch.rand(NUM_CHECKED, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(images)
    found = torch.from_numpy(_logits(path, images.numpy(), _BEGIN + _READERS[file_format] + _END))
    error = float((found - expected).abs().max() / expected.abs().max().clamp_min(1.0))
    if not error <= TOLERANCE:
        raise StorageError(
            f"{path.name}: its logits differ from the network's by {error:.1e} of the "
            f"largest one; expected at most {TOLERANCE:.0e}"
        )


def _logits(path: Path, images: NDArray[np.float32], code: str) -> NDArray[np.float32]:
    with TemporaryDirectory() as folder:
        given, found = Path(folder) / "images.npy", Path(folder) / "logits.npy"
        np.save(given, images)
        command = [sys.executable, "-c", code, str(path.resolve()), str(given), str(found)]
        # from another folder, so that nothing is imported by chance
        ended = subprocess.run(
            command, capture_output=True, check=False, cwd=folder, encoding="utf-8",
            errors="replace",
        )  # fmt: skip
        if ended.returncode:
            reason = ended.stderr.strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
            raise StorageError(f"{path.name}: cannot be used: {reason[0]}")
        logits: NDArray[np.float32] = np.load(found)
        return logits
