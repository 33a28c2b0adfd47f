"""A network whose forward and backward pass under attack are replayed as one CUDA graph.

An attack of n steps observes the network n + 1 times for each batch, always in the same shapes;
without a graph the host would launch the same hundreds of kernels each time.
"""

from typing import final

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import Observation, observe
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
        self._graphs: dict[tuple[torch.Size, AttackLoss], _ObservationGraph] = {}

    def forward(self, images: Tensor) -> Tensor:
        """The network's logits, (N, classes), of images (N, C, H, W) in [0, 1]."""
        logits: Tensor = self.network(images)
        return logits

    def observe(self, points: Tensor, labels: Tensor, *, loss: AttackLoss) -> Observation:
        """What :func:`evonas.evaluation.attacks.ascent.observe` gives for the network."""
        key = points.shape, loss
        if key not in self._graphs:
            self._graphs[key] = _ObservationGraph(self.network, points, labels, loss)
        return self._graphs[key](points, labels)


class _ObservationGraph:
    """One observation as a graph: its inputs are copied to where the graph reads them."""

    def __init__(
        self, network: nn.Module, points: Tensor, labels: Tensor, loss: AttackLoss
    ) -> None:
        self._points, self._labels = torch.empty_like(points), torch.empty_like(labels)
        self._seen: Observation | None = None

        def run() -> None:
            self._seen = observe(network, self._points, self._labels, loss=loss)

        self._replayed = Replayed(run, device=points.device)

    def __call__(self, points: Tensor, labels: Tensor) -> Observation:
        self._points.copy_(points)
        self._labels.copy_(labels)
        self._replayed()
        assert self._seen is not None
        # the next replay writes to the same memory
        return Observation(*(tensor.clone() for tensor in self._seen))
