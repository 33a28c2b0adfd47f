"""The dtype in which autocast runs matrix products."""

import torch


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """The dtype of convolutions and linear maps on a device; None outside autocast."""
    if not torch.is_autocast_enabled(device.type):
        return None
    return torch.get_autocast_dtype(device.type)
