"""Training on images that stay on disk; oracle: the same training on images in memory."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evonas.errors import DataError
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.adversarial_training.adversary import parse_training
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.final.data import FinalData, load_final_data
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.streaming.streamed_images import StreamedImages
from evonas.evaluation.training.train import train
from evonas.networks import Network
from evonas.space import load
from tests.evaluation.data.image_tree import SIZE, make_image_tree

SPACE = load("tiny").resized(channels=4, cells=1).with_rules(("kp", "dfa"))
GENOME = SPACE.canonical(SPACE.sample(random.Random(1)))
RECIPE = FinalRecipe(
    description="", epochs=2, batch=6, learning_rate=0.1, validation_share=0.2, cutout=3,
    mixup=0.3, average_decay=0.9,
)  # fmt: skip
SIZES = {"memory": Fitting(SIZE), "disk": Fitting(SIZE, storage=DISK)}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def data(tree: Path) -> dict[str, SearchData]:
    return {
        name: load_search_data("folder", data_dir=tree, seed=0, fitting=fitting)
        for name, fitting in SIZES.items()
    }


@pytest.fixture(scope="module")
def final(tree: Path) -> dict[str, FinalData]:
    return {
        name: load_final_data(
            "folder", data_dir=tree, validation_share=0.2, split_seed=0, device="cpu",
            fitting=fitting,
        )
        for name, fitting in SIZES.items()
    }  # fmt: skip


def network(data: SearchData | FinalData) -> Network:
    return candidate_network(SPACE, GENOME, data.traits, seed=3)


def equal(one: Network, two: Network) -> bool:
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("method", ["standard", "fgsm"])
def test_training_from_disk_equals_training_from_memory(
    data: dict[str, SearchData], method: str
) -> None:
    recipe = Recipe(
        epochs=3, batch=4, adversary=parse_training(method, epsilon=parse_epsilon("2/255"))
    )
    trained = {
        name: train(network(each), each.train, traits=each.traits, recipe=recipe, seed=7)
        for name, each in data.items()
    }
    assert trained["disk"].losses == trained["memory"].losses
    assert equal(trained["disk"].network, trained["memory"].network)
    scores = [accuracy(trained[n].network, data[n].validation, batch=5) for n in SIZES]
    assert scores[0] == scores[1]


def test_staged_training_from_disk_equals_uninterrupted_training(
    data: dict[str, SearchData],
) -> None:
    disk, recipe = data["disk"], Recipe(epochs=3, batch=4)

    def trained(until: int | None, checkpoint: bytes = b"") -> tuple[Network, bytes]:
        found = train(
            network(disk), disk.train, traits=disk.traits, recipe=recipe, seed=7, until=until,
            checkpoint=checkpoint,
        )  # fmt: skip
        return found.network, found.checkpoint

    whole, _ = trained(None)
    _, checkpoint = trained(1)
    in_stages, _ = trained(None, checkpoint)
    assert equal(whole, in_stages)


class Left(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("steps", [1, 3, 4, 5])
def test_resumed_final_training_from_disk_equals_memory(
    final: dict[str, FinalData], steps: int
) -> None:
    straight = network(final["memory"])
    whole = FinalTraining(straight, final["memory"], RECIPE, seed=5)
    whole.run(lambda: None)
    first = FinalTraining(network(final["disk"]), final["disk"], RECIPE, seed=5)

    def leave() -> None:
        if first.num_steps_done == steps:
            raise Left

    with pytest.raises(Left):
        first.run(leave)
    resumed_network = network(final["disk"])
    resumed = FinalTraining(resumed_network, final["disk"], RECIPE, seed=5)
    resumed.restore(first.checkpoint())
    assert resumed.num_steps_done == steps
    resumed.run(lambda: None)
    assert equal(resumed_network, straight)
    assert [(e.loss, e.validation) for e in resumed.epochs] == [
        (e.loss, e.validation) for e in whole.epochs
    ]


def test_supernet_from_disk_equals_supernet_from_memory(data: dict[str, SearchData]) -> None:
    found = {}
    for name, each in data.items():
        guide = SupernetGuide(SPACE, each, recipe=Recipe(epochs=1, batch=4), seed=2)
        for _ in range(guide.num_steps + 1):
            guide.learn_genome(GENOME)
        logits = np.zeros(sum(len(gene.choices) for gene in SPACE.genes))
        found[name] = guide.score([GENOME]), guide.slope(logits).tolist()
    assert found["disk"] == found["memory"]


def test_training_on_deleted_files_raises_data_error(tmp_path: Path) -> None:
    root = make_image_tree(tmp_path / "tree")
    disk = load_search_data("folder", data_dir=root, seed=0, fitting=SIZES["disk"])
    for path in (root / "train" / "elm").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="restore it, then continue"):
        train(network(disk), disk.train, traits=disk.traits, recipe=Recipe(1, 4), seed=0)


def test_disk_images_are_streamed_instead_of_framed(final: dict[str, FinalData]) -> None:
    assert isinstance(final["disk"].train, StreamedImages)
    assert final["disk"].train.shape == final["memory"].train.shape == (3, SIZE, SIZE)
    assert replace(final["disk"].train, padding=0).padding == 0
    assert len(final["disk"].train) == len(final["memory"].train)
