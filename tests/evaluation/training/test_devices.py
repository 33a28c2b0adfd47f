"""Device names: what they mean on this machine, and errors for all others."""

import pytest
import torch

from evonas.errors import ConfigError
from evonas.evaluation.training.devices import devices_of, resolve_device

HAS_GPU = torch.cuda.is_available()


def test_auto_device_is_cuda_where_available() -> None:
    assert resolve_device("auto") == ("cuda" if HAS_GPU else "cpu")
    assert resolve_device("cpu") == "cpu"


def test_device_names_resolve_to_torch_devices() -> None:
    assert devices_of("cpu") == ["cpu"]
    assert devices_of("cuda") == ["cuda:0"]
    assert devices_of("cuda:3") == ["cuda:3"]
    assert len(devices_of("all")) == torch.cuda.device_count()


@pytest.mark.parametrize("name", ["tpu", "meta", "cuda:", "cuda:x", "CUDA", "", "cpu:1"])
def test_unknown_device_is_rejected_with_the_known_names(name: str) -> None:
    with pytest.raises(ConfigError, match=r"expected auto, cpu, cuda, cuda:<number> or all"):
        resolve_device(name)


@pytest.mark.skipif(HAS_GPU, reason="needs a machine without a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "all"])
def test_cuda_is_rejected_on_machine_without_gpu(name: str) -> None:
    with pytest.raises(ConfigError, match="see: evonas doctor"):
        resolve_device(name)
