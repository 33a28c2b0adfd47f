"""Replay the forward and backward pass of an attacked network as one CUDA graph.

An attack of n steps observes the network n + 1 times per batch, always with the same shapes;
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
    """Gives attacks bit for bit the results of the network; its weights must not change.

    Args:
        network: frozen network, on its device.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._graphs: dict[tuple[torch.Size, AttackLoss, bool], _ObservationGraph] = {}

    def forward(self, images: Tensor) -> Tensor:
        """The network's logits, (N, classes), for images (N, C, H, W) in [0, 1]."""
        logits: Tensor = self.network(images)
        return logits

    def observe(
        self, points: Tensor, labels: Tensor, *, loss: AttackLoss, reference: Tensor | None = None
    ) -> Observation:
        """Replay :func:`evonas.evaluation.attacks.ascent.observe` for the network."""
        key = points.shape, loss, reference is not None
        if key not in self._graphs:
            self._graphs[key] = _ObservationGraph(self.network, points, labels, loss, reference)
        return self._graphs[key](points, labels, reference)


class _ObservationGraph:
    """One observation as a graph; inputs are copied to the buffers that the graph reads."""

    def __init__(
        self,
        network: nn.Module,
        points: Tensor,
        labels: Tensor,
        loss: AttackLoss,
        reference: Tensor | None,
    ) -> None:
        # zeros, not empty: target classes are indices and must be valid during the warm-up
        self._points, self._labels = torch.zeros_like(points), torch.zeros_like(labels)
        self._reference = None if reference is None else torch.zeros_like(reference)
        self._seen: Observation | None = None

        def run() -> None:
            self._seen = observe(
                network, self._points, self._labels, loss=loss, reference=self._reference
            )

        self._replayed = Replayed(run, device=points.device)

    def __call__(self, points: Tensor, labels: Tensor, reference: Tensor | None) -> Observation:
        self._points.copy_(points)
        self._labels.copy_(labels)
        if self._reference is not None and reference is not None:
            self._reference.copy_(reference)
        self._replayed()
        assert self._seen is not None
        # cloned, because the next replay writes to the same memory
        return Observation(*(tensor.clone() for tensor in self._seen))
