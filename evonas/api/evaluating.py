"""Train and measure one candidate as a search would."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load
from torch import nn

from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.settings.reading import read_settings, whole_number
from evonas.space import Genome, Space
from evonas.space import load as load_space
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.order import Order
from evonas.study.resolve import resolve
from evonas.study.shape import shaped_space


@dataclass(frozen=True)
class Trained:
    """An evaluated candidate.

    Attributes:
        evaluation: its record: values, or the reason for their absence.
        network: trained, in evaluation mode, on the CPU: float images (N, channels, height, width)
            in [0, 1] to logits (N, classes); None if it failed or violates a constraint.

    Examples:
        >>> text = study.front.genome.iloc[0]
        >>> trained = evonas.evaluate("tiny", text, objectives=["acc", "params"], **quick)
        >>> trained.network(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 10])
        >>> trained.evaluation.failure is None
        True
    """

    evaluation: Evaluation
    network: nn.Module | None

    @property
    def values(self) -> dict[str, float]:
        """The measured values by objective."""
        return self.evaluation.values


@ordinary_torch()
def evaluate(
    space: str | Path | Space,
    genome: str | Genome,
    *,
    settings: Settings | None = None,
    replicate: int = 0,
    **given: Any,
) -> Trained:
    """Train and measure one candidate under the protocol of a search.

    Equal arguments give equal numbers. As in a search, the training's seed is derived from
    ``seed``, the candidate's key and ``replicate``, so the result equals that of a search with
    these settings.

    Args:
        space: name of a shipped space, path of a YAML file, or a space; a space keeps its size and
            its rules unless ``channels``, ``cells`` or ``rules`` are given.
        genome: its text, as in the tables of a run, or a genome of ``space``.
        settings: a tree of settings; engine settings have no effect.
        replicate: number of the training, from 0; each has its own initial weights, image order
            and feedback, on the same split.
        **given: any setting by its name; these override ``settings``.

    Raises:
        InputError: a setting, the space or the genome is wrong, ``replicate`` is negative, or the
            data are missing.

    Examples:
        >>> text = study.front.genome.iloc[0]
        >>> trained = evonas.evaluate("tiny", text, objectives=["acc", "params"], **quick)
        >>> bool(trained.values["acc"] == study.front.acc.iloc[0])
        True
    """
    replicate = whole_number("replicate", replicate, at_least=0)
    whole = space if isinstance(space, Space) else load_space(str(space))
    named: dict[str, Any] = {"space": whole.name, **given}
    if isinstance(space, Space):
        own = {"channels": space.channels, "cells": space.cells, "rules": space.rule_choices}
        named = own | named
    resolved = resolve(read_settings(named, on_top_of=settings), space=whole)
    shaped = shaped_space(whole, resolved)
    parsed = shaped.parse(genome) if isinstance(genome, str) else genome
    protocol = Protocol.of(resolved)
    # one thread, as in a search: the same summation order
    executor = InlineExecutor()
    executor.submit(Order(shaped, parsed, protocol, Stage(replicate=replicate)))
    evaluation, weights = executor.next_done()
    if not (weights and evaluation.contends):
        return Trained(evaluation, None)
    traits = traits_of(
        protocol.training.dataset, data_dir=protocol.data_dir, fitting=protocol.fitting
    )
    network = candidate_network(shaped, parsed, traits, seed=evaluation.seed)
    network.load_state_dict(load(weights))
    return Trained(evaluation, network.eval())
