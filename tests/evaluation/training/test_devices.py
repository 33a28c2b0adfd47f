"""Names of devices: what they stand for on this machine, and what is told of the others."""

import pytest
import torch

from evonas.errors import ConfigError
from evonas.evaluation.training.devices import devices_of, resolve_device

HAS_GPU = torch.cuda.is_available()


def test_auto_is_a_gpu_where_there_is_one() -> None:
    assert resolve_device("auto") == ("cuda" if HAS_GPU else "cpu")
    assert resolve_device("cpu") == "cpu"


def test_a_name_stands_for_devices_as_torch_writes_them() -> None:
    assert devices_of("cpu") == ["cpu"]
    assert devices_of("cuda") == ["cuda:0"]
    assert devices_of("cuda:3") == ["cuda:3"]
    assert len(devices_of("all")) == torch.cuda.device_count()


@pytest.mark.parametrize("name", ["tpu", "meta", "cuda:", "cuda:x", "CUDA", "", "cpu:1"])
def test_what_is_no_name_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"expected auto, cpu, cuda, cuda:<number> or all"):
        resolve_device(name)


@pytest.mark.skipif(HAS_GPU, reason="needs a machine without a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "all"])
def test_a_machine_without_a_gpu_says_so(name: str) -> None:
    with pytest.raises(ConfigError, match="see: evonas doctor"):
        resolve_device(name)
