"""``evonas --version``: what every bug report should start with."""

import platform

from evonas import __version__


def versions() -> str:
    """The versions of evonas, Python and torch, and the devices that torch can use."""
    import torch

    gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    devices = ", ".join(["CPU", *gpus])
    return (
        f"evonas {__version__}, Python {platform.python_version()}, torch {torch.__version__}; "
        f"devices: {devices}"
    )
