"""Find the user's own final trainings in folders."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from evonas.counted import counted
from evonas.errors import DataError
from evonas.study.final.job import CONFIG_FILE, read_config
from evonas.study.final.result import RESULT_FILE, read_result


@dataclass(frozen=True)
class OwnTraining:
    """Result of ``evonas train`` in one folder, over the seeds that have ended.

    Attributes:
        folder: folder of the training.
        network: description of the network.
        dataset: name of the data set.
        epochs: number of epochs of the recipe.
        batch: batch size of the recipe.
        seeds: number of seeds that have ended.
        error: mean error over the seeds on the test part, in per cent.
        spread: standard deviation over the seeds; None for one seed.
        views: views by which an image is classified.
        parameters: number of parameters of the network.
        bio: share of the weights that a plausible rule trains.
        hours: hours of training, summed over the seeds.
    """

    folder: Path
    network: str
    dataset: str
    epochs: int
    batch: int
    seeds: int
    error: float
    spread: float | None
    views: str
    parameters: int
    bio: float
    hours: float

    @property
    def budget(self) -> str:
        """Training budget in words."""
        views = "" if self.views == "one" else f", {self.views} at test"
        return (
            f"{counted(self.epochs, 'epoch')} of batches of {self.batch}, "
            f"{counted(self.seeds, 'seed')}, {self.hours:.1f} h{views}"
        )


def find_trainings(folders: Iterable[Path]) -> list[OwnTraining]:
    """All tested final trainings in these folders and their subfolders.

    Raises:
        DataError: a folder is missing.
        StorageError, ConfigError: a file of a training is damaged.
    """
    found: dict[Path, OwnTraining] = {}
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder")
        for result in sorted(folder.rglob(RESULT_FILE)):
            home = result.parent.parent
            if home.resolve() not in found and (home / CONFIG_FILE).exists():
                training = _read(home)
                if training is not None:
                    found[home.resolve()] = training
    return list(found.values())


def _read(home: Path) -> OwnTraining | None:
    config = read_config(home / CONFIG_FILE)
    read = [read_result(path.parent) for path in sorted(home.glob(f"*/{RESULT_FILE}"))]
    results = [each for each in read if each is not None and each.test is not None]
    if not results:
        return None
    errors = [100.0 * (1.0 - (each.test or 0.0)) for each in results]
    network = config.get("genome") or f"{config['network']} @ {' '.join(config['rules'])}"
    return OwnTraining(
        folder=home,
        network=str(network),
        dataset=str(config["dataset"]),
        epochs=config["recipe"]["epochs"],
        batch=config["recipe"]["batch"],
        seeds=len(results),
        error=mean(errors),
        spread=stdev(errors) if len(errors) > 1 else None,
        views=results[0].views,
        parameters=results[0].parameters,
        bio=results[0].bio,
        hours=sum(each.seconds for each in results) / 3600,
    )
