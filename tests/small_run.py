"""Settings of a run that is small enough to be repeated many times."""

from dataclasses import replace
from typing import Any

from evonas.evaluation.protocol import Protocol
from evonas.settings import Settings
from evonas.settings.reading import read_settings

SMALL_RUN = read_settings(
    {
        "space": "nas-bench-201",
        "objectives": ("acc", "params"),
        "rules": ("fa", "usf", "brsf"),
        "dataset": "digits",
        "data_dir": "nowhere",
        "train_sha256": None,
        "test_sha256": None,
        "algorithm": "nsga2",
        "population": 4,
        "generations": 3,
        "evaluations": 12,
        "epochs": 1,
        "batch": 50,
        "images": 100,
        "channels": 4,
        "cells": 1,
        "seed": 0,
        "replicates": "1",
        "confirm": 0,
        "split_seed": 0,
        "epsilon": "16/255",
        "training_epsilon": None,
        "attacked_images": 20,
        "device": "cpu",
        "precision": "fp32",
        "eg_without": (),
        "signals": (),
        "supernet_epochs": None,
        "supernet_images": None,
        "supernet_channels": None,
    }
)


def changed(settings: Settings, **values: Any) -> Settings:
    """The settings with some values changed, by name."""
    return settings.with_values(values)


def changed_protocol(protocol: Protocol, **values: Any) -> Protocol:
    """The protocol with some settings changed, by name."""
    settings = Settings(
        protocol.problem,
        replace(SMALL_RUN.search, seed=protocol.seed),
        protocol.training,
        protocol.attack,
        protocol.machine,
    )
    return Protocol.of(changed(settings, **values))
