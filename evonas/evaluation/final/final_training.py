"""Final training of one network, which can be interrupted and resumed at any step."""

import io
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Protocol, final

import torch
from torch import Tensor

from evonas.errors import DataError, StorageError, TrainingDiverged
from evonas.evaluation.data.folder.disk.decoders import killed_workers_as_data_errors
from evonas.evaluation.data.images import Images
from evonas.evaluation.final.additions import (
    make_auxiliary,
    make_average,
    make_drop_path,
    make_flips,
    make_lookahead,
    make_regularised,
)
from evonas.evaluation.final.data import FinalData
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.final.sharing import GradientSharing
from evonas.evaluation.final.views import viewed_accuracy
from evonas.evaluation.training.augment import plan_epoch
from evonas.evaluation.training.cuda_graph import Replayed
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.precision import arithmetic
from evonas.evaluation.training.training_step import training_step
from evonas.networks import Network
from evonas.settings.machine import Precision


@dataclass(frozen=True)
class EpochRecord:
    """Results of one epoch.

    Attributes:
        epoch: number of the epoch, from 1.
        learning_rate: learning rate in this epoch.
        loss: mean cross-entropy of its steps with their regularised targets, in nats.
        validation: validation accuracy after it, in [0, 1]; None if there are no such images.
        seconds: wall-clock duration, including validation.
    """

    epoch: int
    learning_rate: float
    loss: float
    validation: float | None
    seconds: float


class _Part(Protocol):
    """A part of the training with a state that the network's own does not hold."""

    def state(self) -> Any: ...

    def restore(self, state: Any, /) -> None: ...


@final
class FinalTraining:
    """Trains a network, validates it after each epoch, and keeps the weights of the best one.

    A training that was interrupted at any step and restored ends with the same numbers as one
    that ran straight through.

    Args:
        network: newly built network, on the device of the data.
        data: images to train and validate on.
        recipe: recipe of the final training.
        seed: seed of the image order, the augmentation, the regularisation and the auxiliary head.
        precision: precision of the forward and backward pass; accuracies are measured in float32.
        part: number of this process, and number of processes that share each batch; if there are
            several, they must form torch's default process group when :meth:`run` is called.

    Attributes:
        epochs: records of the completed epochs.

    Raises:
        DataError: there are fewer training images than a batch needs.
    """

    def __init__(
        self,
        network: Network,
        data: FinalData,
        recipe: FinalRecipe,
        *,
        seed: int,
        precision: Precision = "fp32",
        part: tuple[int, int] = (0, 1),
    ) -> None:
        if len(data.train) < recipe.batch:
            raise DataError(
                f"batch: expected at most the {len(data.train)} training images, got "
                f"{recipe.batch}; choose a smaller batch"
            )
        self.epochs: list[EpochRecord] = []
        self._network = network
        self._data = data
        self._recipe = recipe
        self._generator = torch.Generator().manual_seed(seed)
        self._part = part
        self._regularised = make_regularised(data, recipe, part=part)
        self._auxiliary = make_auxiliary(network, data, recipe, seed=seed)
        self._flips = make_flips(data, recipe, seed=seed)
        self._drop_path = make_drop_path(network, data, recipe, part=part)
        modules = [network] if self._auxiliary is None else [network, self._auxiliary.module]
        sharing = GradientSharing(modules) if part[1] > 1 else None
        self._step = training_step(
            network, data.train, recipe=recipe.descent, precision=precision, seed=seed,
            regularised=self._regularised, bias_rate=recipe.bias_rate,
            clip_norm=recipe.clip_norm or None,
            additions=[*filter(None, (self._drop_path, self._auxiliary, sharing))],
            processes=part[1],
        )  # fmt: skip
        self._average = make_average(network, recipe)
        self._lookahead = make_lookahead(network, recipe, num_steps=self.num_steps)
        parts: dict[str, _Part | None] = {
            "wiring": network.wiring,
            "average": self._average,
            "lookahead": self._lookahead,
            "auxiliary": self._auxiliary,
        }
        self._parts = {name: part for name, part in parts.items() if part is not None}
        self._number: int | None = None  # steps done in the current epoch; None between epochs
        self._begun = self._generator.get_state()  # generator state when that epoch began
        self._seconds = 0.0  # time spent on that epoch so far, earlier processes included
        self._best: dict[str, Tensor] = {}
        self._best_epoch = 0

    @property
    def num_steps(self) -> int:
        """Number of steps in the whole training."""
        return self._recipe.epochs * self._step.num_steps

    @property
    def num_steps_done(self) -> int:
        """Number of steps done so far."""
        return len(self.epochs) * self._step.num_steps + (self._number or 0)

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, from 1; 0 before the first epoch has ended."""
        return self._best_epoch

    def run(self, on_step: Callable[[], None]) -> None:
        """Train to the end, and load the weights of the best epoch into the network.

        Args:
            on_step: called after every step and every epoch; may call :meth:`checkpoint`.

        Raises:
            TrainingDiverged: the loss is no longer finite; checked at the end of each epoch.
        """
        device = self._data.train.labels.device
        stream = make_device_stream(device)
        with stream.open():
            replayed = Replayed(self._step, device=device)
            with closing(self._step), killed_workers_as_data_errors():
                while len(self.epochs) < self._recipe.epochs:
                    self._run_epoch(replayed, on_step)
            self._step.end()
        stream.wait()  # the caller uses the network on another stream
        self._network.load_state_dict(self._best)

    def _run_epoch(self, replayed: Replayed, on_step: Callable[[], None]) -> None:
        """Run the rest of the current epoch, or a new one."""
        start = time.perf_counter() - self._seconds
        if self._number is None:
            self._begin_epoch()
            self._number = 0
        while self._number < self._step.num_steps:
            self._step.fetch()
            replayed()
            if self._lookahead is not None:
                self._lookahead.update()
            if self._average is not None:
                self._average.update()
            self._number += 1
            self._seconds = time.perf_counter() - start
            if self._number < self._step.num_steps:
                on_step()
        self._end_epoch(start)
        on_step()

    def checkpoint(self) -> bytes:
        """Serialise the current state, without what follows from the seed."""
        step = self._step
        buffer = io.BytesIO()
        torch.save(
            {
                "network": self._network.state_dict(),
                "momenta": step.descent.momenta,
                "generator": self._begun if self._number else self._generator.get_state(),
                "number": self._number,
                "losses": step.losses,
                "seconds": self._seconds,
                "epochs": [asdict(each) for each in self.epochs],
                "best": self._best,
                "best_epoch": self._best_epoch,
                **{name: part.state() for name, part in self._parts.items()},
            },
            buffer,
        )
        return buffer.getvalue()

    def restore(self, checkpoint: bytes) -> None:
        """Restore the state that :meth:`checkpoint` saved into a newly created training.

        Raises:
            StorageError: the bytes are no checkpoint, or belong to another training.
        """
        try:
            self._restore(
                torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
            )
        except Exception as problem:  # torch raises many different classes for a damaged file
            raise StorageError(f"damaged, or of another training: {problem}") from problem

    def _restore(self, state: dict[str, Any]) -> None:
        step = self._step
        self.epochs = [EpochRecord(**each) for each in state["epochs"]]
        step.epoch.fill_(len(self.epochs) - 1)
        self._generator.set_state(state["generator"])
        if state["number"] is not None:
            self._begin_epoch()
            step.go_to(state["number"])
            step.losses.copy_(state["losses"])
        self._number, self._seconds = state["number"], state["seconds"]
        self._network.load_state_dict(state["network"])
        with torch.no_grad():
            for mine, theirs in zip(step.descent.momenta, state["momenta"], strict=True):
                mine.copy_(theirs)
        for name, part in self._parts.items():
            part.restore(state[name])
        self._best, self._best_epoch = state["best"], state["best_epoch"]

    def _begin_epoch(self) -> None:
        self._begun = self._generator.get_state()
        plan = plan_epoch(self._data.train, batch=self._recipe.batch, generator=self._generator)
        if self._flips is not None:
            plan = self._flips.applied(plan, epoch=len(self.epochs))
        if self._regularised is not None:
            self._regularised.begin_epoch(self._generator)
        if self._drop_path is not None:
            self._drop_path.begin_epoch(self._generator, epoch=len(self.epochs))
        number, parts = self._part
        own = self._recipe.batch // parts
        self._step.begin_epoch(plan[:, :, number * own : (number + 1) * own].contiguous())

    def _end_epoch(self, start: float) -> None:
        epoch = len(self.epochs) + 1
        losses: list[float] = self._step.losses.tolist()
        if not all(map(math.isfinite, losses)):
            first = next(i for i, loss in enumerate(losses) if not math.isfinite(loss))
            raise TrainingDiverged(
                f"the training loss became {losses[first]} in epoch {epoch}, step {first + 1}; "
                "choose a smaller learning rate"
            )
        if not all(value.isfinite().all() for value in self._step.descent.parameters):
            raise TrainingDiverged(
                f"a weight is no longer finite after epoch {epoch}; choose a smaller learning rate"
            )
        validation = self._validate(epoch)
        rate = self._recipe.descent.learning_rate_at(epoch - 1)
        loss, seconds = math.fsum(losses) / len(losses), time.perf_counter() - start
        self.epochs.append(EpochRecord(epoch, rate, loss, validation, seconds))
        self._number, self._seconds = None, 0.0

    def _validate(self, epoch: int) -> float | None:
        """Measure the accuracy, with averaged weights if there are any; keep the best weights."""
        if self._average is None:
            return self._measure(epoch)
        with self._average.in_place():
            return self._measure(epoch)

    def _measure(self, epoch: int) -> float | None:
        images = self._data.validation
        found = None if images is None else self._accuracy(images)
        best = max((each.validation or 0.0 for each in self.epochs), default=-1.0)
        if found is None or found > best:
            state = self._network.state_dict()
            self._best = {name: value.detach().cpu().clone() for name, value in state.items()}
            self._best_epoch = epoch
        return found

    def _accuracy(self, images: Images) -> float:
        self._network.eval()
        with arithmetic("fp32", device_type=images.labels.device.type):
            found = viewed_accuracy(
                self._network, images, views=self._recipe.views, may_flip=self._data.traits.flip
            )
        self._network.train()
        return found
