"""What every process of a final training starts with: the same data, network and training."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from evonas.evaluation.final.data import FinalData, load_final_data
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import cut, without_augmentation
from evonas.networks import Network, count_multiply_adds
from evonas.networks.named.table import fit_whitening, has_whitening
from evonas.seeds import derive_seed
from evonas.study.final.job import FinalJob

WHITENED_IMAGES = 5000
"""Number of training images from which a fixed stem is computed, as in airbench94."""

SMALL_MULTIPLY_ADDS = 1e9
"""Multiply-adds of a forward batch below which a training uses one thread. It depends only on the
network, so results are the same wherever the training continues."""


def load_job_data(job: FinalJob, *, data_dir: Path, device: str) -> FinalData:
    """The images of a job, on a device.

    Raises:
        DataError: see :func:`evonas.evaluation.final.data.load_final_data`.
    """
    return load_final_data(
        job.dataset, data_dir=data_dir, validation_share=job.recipe.validation_share,
        split_seed=job.split_seed, device=device, sha256=job.train_sha256, fitting=job.fitting,
    )  # fmt: skip


def prepared_training(
    network: Network, job: FinalJob, data: FinalData, *, seed: int, number: int
) -> FinalTraining:
    """The training of a seed, before its first step.

    Args:
        network: network of the seed, from :func:`prepared_network`.
        job: what is trained.
        data: the data, on the training device.
        seed: the seed.
        number: number of the process among those that share each batch, from 0.
    """
    return FinalTraining(
        network,
        data,
        job.recipe,
        seed=derive_seed(seed, "final training"),
        precision=job.precision,
        part=(number, job.processes),
    )


def prepared_network(job: FinalJob, data: FinalData, *, seed: int) -> Network:
    """The network of a seed, on the device of the data."""
    network = job.architecture.network(data.traits, seed=derive_seed(seed, "final network"))
    network = network.to(data.train.labels.device)
    if has_whitening(network):
        first = torch.arange(min(len(data.train), WHITENED_IMAGES), device=network.mean.device)
        pixels, _ = cut(data.train, without_augmentation(data.train, first))
        fit_whitening(network, pixels)
    return network


def threads_for(network: Network, job: FinalJob, data: FinalData) -> AbstractContextManager[None]:
    """Use one thread if a batch is too little work for several."""
    each = count_multiply_adds(network, input_shape=data.traits.shape)
    is_small = each * job.recipe.batch / job.processes < SMALL_MULTIPLY_ADDS
    return one_thread() if is_small else nullcontext()
