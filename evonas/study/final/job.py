"""What a final training is of, apart from its seeds: one network, one data set, one recipe."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evonas.errors import ConfigError
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.images import Traits
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.networks import Network
from evonas.schema import dump_yaml, parse_yaml
from evonas.settings.machine import Precision
from evonas.space import Genome, Space, from_data
from evonas.study.shape import under_rules
from evonas.study.weights import write_whole

SPACE_FILE = "space.yaml"
CONFIG_FILE = "config.yaml"


@dataclass(frozen=True)
class FinalJob:
    """Everything that decides its results but the seed and the device.

    Attributes:
        space_text: the YAML of the search space.
        genome: its text.
        channels: of the first stage.
        cells: of a stage.
        rules: that the rule genes choose from.
        dataset: its name.
        train_sha256: of the training images; None for any.
        split_seed: picks the validation images.
        precision: of the forward and the backward pass.
        recipe: how it is trained.
        fitting: the size that images are brought to, and what becomes of unreadable files.
    """

    space_text: str
    genome: str
    channels: int
    cells: int
    rules: tuple[str, ...]
    dataset: str
    train_sha256: str | None
    split_seed: int
    precision: Precision
    recipe: FinalRecipe
    fitting: Fitting = AS_THEY_ARE

    def space(self) -> Space:
        """At the size and with the rules of the training.

        Raises:
            SpaceError: the text is no search space.
        """
        whole = from_data(parse_yaml(self.space_text, where=SPACE_FILE), where=SPACE_FILE)
        return under_rules(whole.resized(channels=self.channels, cells=self.cells), self.rules)

    def parsed(self) -> tuple[Space, Genome]:
        """The space and the genome.

        Raises:
            SpaceError, GenomeError: the text is no search space, or no genome of it at this size.
        """
        space = self.space()
        return space, space.parse(self.genome)

    def network(self, traits: Traits, *, seed: int) -> Network:
        """Not trained yet, on the CPU.

        Args:
            traits: of the images.
            seed: of its weights and of its feedback.
        """
        space, genome = self.parsed()
        return candidate_network(space, genome, traits, seed=seed)

    def document(self) -> dict[str, Any]:
        """As ``config.yaml`` has it; the space has a file of its own."""
        values = asdict(self)
        del values["space_text"]
        del values["fitting"]["storage"]  # it decides no result
        values["rules"] = list(self.rules)
        return values

    def write(self, folder: Path, *, versions: dict[str, str], data_dir: str) -> None:
        """Write it into the folder of a training, or hold it against what is there.

        Raises:
            ConfigError: the folder holds another training.
        """
        config, space = folder / CONFIG_FILE, folder / SPACE_FILE
        if not config.exists():
            write_whole(space, self.space_text.encode())
            data = {"folder": data_dir}
            if self.fitting.stays_on_disk:
                data["storage"] = self.fitting.storage
            said = {**self.document(), "data": data, "versions": versions}
            write_whole(config, dump_yaml(said).encode())
            return
        before = parse_yaml(
            config.read_text(encoding="utf-8"), where=str(config), error=ConfigError
        )
        mine = parse_yaml(dump_yaml(self.document()), where="", error=ConfigError)
        if not isinstance(before, dict):
            raise ConfigError(f"{config}: expected settings, got {type(before).__name__}")
        # what was written before there were sizes
        differences = _differences({"fitting": asdict(AS_THEY_ARE), **before}, mine)
        if not space.exists() or space.read_text(encoding="utf-8") != self.space_text:
            differences.append("the search space")
        if differences:
            raise ConfigError(
                f"{folder}: holds another training ({'; '.join(differences)}); choose another "
                "--out, or remove the folder"
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
