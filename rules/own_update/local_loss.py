"""Local losses: each layer learns from a loss of its own, by default predsim (Nokland 2019).

The head of a layer normalises its outputs over the batch and rectifies them. The loss predsim has
two terms: classification (pred), and similarity of images of the same class (sim). No signal from
the layers above is used. Two other losses are in ``forward_losses``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, final, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.own_update.forward_losses import mono_forward, self_contrast, standardised
from evonas.rules.own_update.local_head import LocalHead
from evonas.rules.own_update.own_update import AbstractOwnUpdateRule, Moment, Send, with_bias

Heads = Literal["trained", "random"]
HEADS: tuple[Heads, ...] = get_args(Heads)
Loss = Literal["predsim", "mono-forward", "contrast"]
LOSSES: tuple[Loss, ...] = get_args(Loss)


@final
@dataclass(frozen=True)
class LocalLoss(AbstractOwnUpdateRule):
    """Learns from the gradient of a loss at the layer's own outputs, and sends nothing.

        L = (1 - beta) cross-entropy(R pool(h), y) + beta mean (S(h) - S(y))^2

    with h = relu(normalised outputs). S is the matrix of cosine similarities between the images of
    the batch, each represented by the centred standard deviations of its channels over the
    positions. With ``heads="trained"``, as in the paper, R and a convolution before S are
    parameters that learn by the same loss; pass the number of classes to ``connect``. With
    ``heads="random"``, R is fixed and random as in Mostafa, Ramesh and Cauwenberghs (2018), and S
    is computed from h, so a head has nothing to train or store. The training loop must call
    ``wiring.aim(labels)`` before each forward pass. The weights learn at the learning rate of the
    network.

    Attributes:
        send: ``none``, as in the paper; see :class:`AbstractOwnUpdateRule`.
        heads: ``trained`` or ``random``.
        beta: share of sim, in [0, 1]; 0 is pred alone, 0.99 the paper's predsim, which is better
            with random heads.
        pool: side length, in positions, of the pooled map that R reads.
        loss: ``predsim`` as above; ``mono-forward``, the cross-entropy of R pool(relu(z)), with
            neither normalisation nor bias in the head; or ``contrast``, which has no head and no
            labels, and distinguishes pairs of equal images from pairs of different images.
        theta_positive: goodness that pairs of equal images should exceed (``contrast``).
        theta_negative: goodness that pairs of different images should stay below (``contrast``).
        norm_penalty: penalty on the goodness of pairs of equal images, which bounds its growth
            (``contrast``).
    """

    send: Send = "none"
    heads: Heads = "trained"
    beta: float = 0.0
    pool: int = 2
    loss: Loss = "predsim"
    theta_positive: float = 1.0
    theta_negative: float = 2.0
    norm_penalty: float = 0.0008

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "Local loss (pred, sim or predsim; Mono-Forward; self-contrastive)"
    source: ClassVar[str] = (
        "Nokland and Eidnes 2019, arXiv 1901.06656; Mostafa et al. 2018; Gong et al. 2025, arXiv "
        "2501.09238; Chen et al. 2025, arXiv 2409.11593"
    )
    equation: ClassVar[str] = "grad W = C(x, dL/dz),  L = (1 - beta) pred + beta sim"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "nothing (option send)"
    updates: ClassVar[str] = "C(x, dL/dz)"
    cost: ClassVar[str] = (
        "for each layer a normalisation, pooling and a linear map of classes x channels x "
        "positions; with beta above 0 a convolution and the similarities of the batch"
    )
    limits: ClassVar[str] = (
        "needs the targets; the layers below it learn only from their own losses; trained heads "
        "are parameters that only training needs"
    )
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.heads not in HEADS or self.beta > 1.0 or self.pool < 1:
            raise RuleError(
                f"rule 'local': expected heads to be one of {', '.join(HEADS)}, beta in [0, 1] "
                f"and pool of at least 1, got {self.heads!r}, {self.beta} and {self.pool}"
            )
        if self.loss not in LOSSES or (self.loss != "predsim" and self.beta > 0.0):
            raise RuleError(
                f"rule 'local': expected loss to be one of {', '.join(LOSSES)}, and beta 0 unless "
                f"loss is predsim, got {self.loss!r} and {self.beta}"
            )

    def grow_head(self, layer: AbstractRuleLayer, *, num_classes: int | None) -> LocalHead | None:
        """The trained head; None if it is random, not needed, or ``num_classes`` is unknown."""
        if self.heads == "random" or self.loss == "contrast" or num_classes is None:
            return None
        places = self.pool**2 if layer.weight.dim() == 4 else 1
        return LocalHead(
            layer,
            num_classes=num_classes,
            num_features=places * layer.weight.shape[0],
            sees=self.beta > 0.0,
            has_offset=self.loss == "predsim",
        )

    def gradients(self, moment: Moment) -> Sequence[Tensor]:
        """The gradients of the local loss with respect to the weight and the trained head.

        Raises:
            RuleError: the targets were not given, or the layer has no head to train.
        """
        if self.loss == "contrast":
            return [self._contrast(moment)]
        head = moment.layer.head
        num_classes = moment.layer.connected.num_errors or 1
        targets = moment.bus.read_targets(num_classes).to(moment.u)
        kind, dtype = moment.u.device.type, moment.autocast
        with torch.enable_grad(), torch.autocast(kind, dtype, enabled=dtype is not None):
            outputs = moment.u.detach().requires_grad_()
            learning = [] if head is None else list(head.parameters())
            signal, *learnt = torch.autograd.grad(
                self.value(moment.layer, outputs, targets), [outputs, *learning], allow_unused=True
            )
        # the convolution of the similarity term costs more than the layer itself, and the update
        # as much as the layer: both are computed in the dtype of autocast
        x = moment.x if dtype is None else moment.x.to(dtype)
        change = moment.layer.correlate(x, signal.to(x.dtype))
        return [change.to(moment.layer.weight.dtype), *learnt]

    def value(self, layer: AbstractRuleLayer, outputs: Tensor, targets: Tensor) -> Tensor:
        """The scalar loss L for outputs (batch, ...) and targets (batch, classes)."""
        if self.loss == "mono-forward":
            return self._mono_forward(layer, outputs, targets)
        maps = outputs.movedim(layer.channel_axis, 1)  # (batch, channels, ...)
        hidden = F.batch_norm(maps, None, None, training=True).relu()
        is_image = layer.weight.dim() == 4
        features = self._pool(hidden).flatten(1) if is_image else _mean(hidden)
        scores, seen = self._run_head(layer, hidden, features, num_classes=targets.shape[1])
        spread = seen.flatten(2).std(2) if seen[0, 0].numel() > 1 else seen.flatten(1)
        pred = F.cross_entropy(scores, targets)
        sim = F.mse_loss(_similarity(spread), _similarity(targets))
        return (1.0 - self.beta) * pred + self.beta * sim

    def _mono_forward(self, layer: AbstractRuleLayer, outputs: Tensor, targets: Tensor) -> Tensor:
        maps = with_bias(layer, outputs).movedim(layer.channel_axis, 1)
        is_image = layer.weight.dim() == 4
        features = self._pool(maps.relu()).flatten(1) if is_image else _mean(maps.relu())
        if self.heads == "random":
            shape = torch.Size([targets.shape[1], features.shape[1]])
            noise = layer.connected.fixed_noise(layer.number, like=outputs, shape=shape)
            return mono_forward(features, noise / features.shape[1] ** 0.5, targets)
        return mono_forward(features, self._trained_head(layer).read, targets)

    def _contrast(self, moment: Moment) -> Tensor:
        """The weight gradient of ``contrast``; runs the layer again on standardised inputs."""
        layer = moment.layer
        inputs = standardised(moment.x)
        with torch.no_grad():
            outputs = layer.run_through(inputs, feedback=layer.weight, learns=False)
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            loss = self_contrast(
                leaf.movedim(layer.channel_axis, 1),
                theta_positive=self.theta_positive,
                theta_negative=self.theta_negative,
                penalty=self.norm_penalty,
            )
            (signal,) = torch.autograd.grad(loss, leaf)
        return layer.correlate(inputs, signal)

    def _run_head(
        self, layer: AbstractRuleLayer, hidden: Tensor, features: Tensor, *, num_classes: int
    ) -> tuple[Tensor, Tensor]:
        """Class scores, and the features from which similarities are computed."""
        if self.heads == "random":
            shape = torch.Size([num_classes, features.shape[1]])
            noise = layer.connected.fixed_noise(layer.number, like=hidden, shape=shape)
            return features @ noise.t() / features.shape[1] ** 0.5, hidden
        outputs: tuple[Tensor, Tensor] = self._trained_head(layer)(hidden, features)
        return outputs

    def _trained_head(self, layer: AbstractRuleLayer) -> LocalHead:
        if not isinstance(layer.head, LocalHead):
            raise RuleError(
                "rule 'local' trains a head for each layer, but this one has none: call "
                "`connect(network, seed=..., num_classes=...)` once it has the rule, or choose "
                "heads='random'"
            )
        return layer.head

    def _pool(self, hidden: Tensor) -> Tensor:
        if self.heads == "trained":  # the shape of its parameters requires a fixed size
            return F.adaptive_avg_pool2d(hidden, self.pool)
        height, width = hidden.shape[2:]
        return F.adaptive_avg_pool2d(hidden, (min(self.pool, height), min(self.pool, width)))


def _mean(hidden: Tensor) -> Tensor:
    """The mean over all positions, (batch, channels)."""
    return hidden if hidden.dim() == 2 else hidden.flatten(2).mean(2)


def _similarity(rows: Tensor) -> Tensor:
    """Cosine similarities of the centred rows, (batch, batch); never in reduced precision."""
    with torch.autocast(rows.device.type, enabled=False):
        rows = rows.float() if rows.dtype != torch.float64 else rows
        unit = F.normalize(rows - rows.mean(1, keepdim=True), dim=1, eps=1e-8)
        return unit @ unit.t()
