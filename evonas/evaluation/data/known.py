"""Data sets by name: those of evonas, and those of installed packages."""

from functools import cache

from evonas.errors import UnknownNameError
from evonas.evaluation.data.folder.imagenet import ImageNet
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.place import MEDMNIST
from evonas.evaluation.data.sources.arrays import Npz
from evonas.evaluation.data.sources.base import AbstractSource
from evonas.evaluation.data.sources.cifar import Cifar10, Cifar100
from evonas.evaluation.data.sources.digits import Digits
from evonas.evaluation.data.sources.fashion_mnist import FashionMnist
from evonas.evaluation.data.sources.imagenet16 import ImageNet16120
from evonas.evaluation.data.sources.medmnist import (
    LEFT_OUT,
    BloodMnist,
    BreastMnist,
    DermaMnist,
    OctMnist,
    OrganAMnist,
    OrganCMnist,
    OrganSMnist,
    PathMnist,
    PneumoniaMnist,
    RetinaMnist,
    TissueMnist,
)
from evonas.evaluation.data.sources.stl10 import Stl10
from evonas.evaluation.data.sources.svhn import Svhn
from evonas.evaluation.data.sources.third_party import DatasetTable, installed
from evonas.evaluation.data.sources.written_characters import Emnist, Kmnist, Mnist
from evonas.registry import look_up

DATASETS: dict[str, AbstractSource] = {
    source.name: source
    for source in (
        Digits(), Mnist(), FashionMnist(), Kmnist(), Emnist(), Svhn(), Cifar10(), Cifar100(),
        ImageNet16120(), ImageNet(), Stl10(), PathMnist(), DermaMnist(), OctMnist(),
        PneumoniaMnist(), RetinaMnist(), BreastMnist(), BloodMnist(), TissueMnist(),
        OrganAMnist(), OrganCMnist(), OrganSMnist(), Folder(), Npz(),
    )
}  # fmt: skip


@cache  # the installed packages do not change while a process runs
def all_datasets() -> DatasetTable:
    """``DATASETS`` and the data sets that installed packages provide, by name."""
    return DatasetTable(DATASETS, installed)


def find_source(name: str) -> AbstractSource:
    """The reader of data set ``name``.

    Raises:
        UnknownNameError: no data set has this name; says why for those of MedMNIST left out.
    """
    datasets = all_datasets()
    if name in LEFT_OUT and name not in datasets:
        raise UnknownNameError(
            f"unknown data set '{name}': evonas cannot train on it, because {LEFT_OUT[name]}; "
            f"those of MedMNIST that it can train on: {', '.join(MEDMNIST)}"
        )
    return look_up(datasets, name, kind="data set")
