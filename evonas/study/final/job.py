"""The job of a final training, apart from its seeds: one network, one data set, one recipe."""

from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from evonas.errors import ConfigError, DataError
from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.architectures.genome import GenomeArchitecture
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.settings.machine import Precision
from evonas.strict_yaml import dump_yaml, parse_yaml
from evonas.study.weights import write_whole

SPACE_FILE = "space.yaml"
CONFIG_FILE = "config.yaml"


@dataclass(frozen=True)
class FinalJob:
    """Everything that determines its results except the seed and the device.

    Attributes:
        architecture: architecture of the network.
        dataset: its name.
        train_sha256: hash of the training images; None for any.
        split_seed: seed that picks the validation images.
        precision: precision of the forward and the backward pass.
        recipe: how it is trained.
        fitting: how images are resized, and how unreadable files are handled.
        processes: number of processes that share each batch; their number affects the results.
    """

    architecture: AbstractArchitecture
    dataset: str
    train_sha256: str | None
    split_seed: int
    precision: Precision
    recipe: FinalRecipe
    fitting: Fitting = AS_THEY_ARE
    processes: int = 1

    def document(self) -> dict[str, Any]:
        """The content of ``config.yaml``; the space has its own file."""
        fitting = asdict(self.fitting)
        del fitting["storage"]  # it does not affect results
        return {
            **self.architecture.settings(),
            "dataset": self.dataset,
            "train_sha256": self.train_sha256,
            "split_seed": self.split_seed,
            "precision": self.precision,
            "recipe": asdict(self.recipe),
            "fitting": fitting,
            "processes": self.processes,
        }

    def write(self, folder: Path, *, versions: dict[str, str], data_dir: str, images: str) -> None:
        """Write the job into the folder of a training that has none yet.

        Args:
            folder: folder of the training.
            versions: versions of the packages.
            data_dir: folder of the images.
            images: hash of the training images that were found there.

        Raises:
            DataError: the training in the folder was started with other images.
        """
        config, text = folder / CONFIG_FILE, self._space_text
        if config.exists():
            _check_images(config, images, data_dir=data_dir)
            return
        if text is not None:
            write_whole(folder / SPACE_FILE, text.encode())
        data = {"folder": data_dir, "train_sha256": images}
        if self.fitting.stays_on_disk:
            data["storage"] = self.fitting.storage
        said = {**self.document(), "data": data, "versions": versions}
        write_whole(config, dump_yaml(said).encode())

    def is_written(self, folder: Path) -> bool:
        """Whether the folder holds a training."""
        return (folder / CONFIG_FILE).exists()

    def remove(self, folder: Path) -> None:
        """Remove what :meth:`write` wrote."""
        for name in (CONFIG_FILE, SPACE_FILE):
            (folder / name).unlink(missing_ok=True)

    def check(self, folder: Path) -> None:
        """Compare the job with that in the folder of a training, if there is one.

        Raises:
            ConfigError: the folder holds another training.
        """
        config, space, text = folder / CONFIG_FILE, folder / SPACE_FILE, self._space_text
        if not config.exists():
            return
        before = read_config(config)
        mine = parse_yaml(dump_yaml(self.document()), where="", error=ConfigError)
        differences = _differences(before, mine)
        if text is not None and (not space.exists() or space.read_text(encoding="utf-8") != text):
            differences.append("the search space")
        if differences:
            raise ConfigError(
                f"{folder}: holds another training ({'; '.join(differences)}); choose another "
                "--out, or remove the folder"
            )

    @property
    def _space_text(self) -> str | None:
        architecture = self.architecture
        return architecture.space_text if isinstance(architecture, GenomeArchitecture) else None


def read_config(path: Path) -> dict[str, Any]:
    """The ``config.yaml`` of a final training; settings missing in old files get old values.

    Raises:
        ConfigError: it contains no settings.
    """
    before = parse_yaml(path.read_text(encoding="utf-8"), where=str(path), error=ConfigError)
    if not isinstance(before, dict) or not isinstance(before.get("recipe", {}), dict):
        raise ConfigError(f"{path}: expected settings, got {type(before).__name__}")
    recipe = {
        field.name: field.default for field in fields(FinalRecipe) if field.default is not MISSING
    }
    return {
        "fitting": asdict(AS_THEY_ARE),
        "processes": 1,
        **before,
        "recipe": {**recipe, **before.get("recipe", {})},
    }


def _check_images(config: Path, images: str, *, data_dir: str) -> None:
    data = read_config(config).get("data")
    known = data.get("train_sha256") if isinstance(data, dict) else None
    if known not in (None, images):  # earlier versions did not write it
        raise DataError(
            f"{config}: the training was started with images of the hash {str(known)[:12]}, those "
            f"in {data_dir} have {images[:12]}; restore them, or choose another --out"
        )


def _differences(before: dict[str, Any], mine: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, value in mine.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            found += _differences(old, value, f"{prefix}{name}.")
        elif old != value:
            found.append(f"{prefix}{name} {old} there, {value} asked for")
    return found
