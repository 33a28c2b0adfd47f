"""A network whose looks, forward and backward pass together, are replayed as a CUDA graph.

An attack of n steps looks n + 1 times at each batch, always in the same shapes: the host would
launch the same hundreds of kernels each time.
"""

from typing import final

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import Look, take_look
from evonas.evaluation.attacks.attack_losses import AttackLoss
from evonas.evaluation.training.cuda_graph import Replayed


@final
class ReplayedNetwork(nn.Module):
    """To an attack it is the network itself, to the bit; its weights must not change meanwhile.

    Args:
        network: frozen, on its device.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._looks: dict[tuple[torch.Size, AttackLoss], _ReplayedLook] = {}

    def forward(self, images: Tensor) -> Tensor:
        """The network's logits."""
        logits: Tensor = self.network(images)
        return logits

    def look(self, points: Tensor, labels: Tensor, *, loss: AttackLoss) -> Look:
        """What ``evonas.evaluation.attacks.ascent.look`` gives."""
        place = points.shape, loss
        if place not in self._looks:
            self._looks[place] = _ReplayedLook(self.network, points, labels, loss)
        return self._looks[place](points, labels)


class _ReplayedLook:
    def __init__(
        self, network: nn.Module, points: Tensor, labels: Tensor, loss: AttackLoss
    ) -> None:
        self._points, self._labels = torch.empty_like(points), torch.empty_like(labels)
        self._seen: Look | None = None

        def look() -> None:
            self._seen = take_look(network, self._points, self._labels, loss=loss)

        self._look = Replayed(look, device=points.device)

    def __call__(self, points: Tensor, labels: Tensor) -> Look:
        self._points.copy_(points)
        self._labels.copy_(labels)
        self._look()
        assert self._seen is not None
        # the next replay writes to the same memory
        return Look(*(tensor.clone() for tensor in self._seen))
