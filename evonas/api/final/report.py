"""The result of a final training, over its seeds."""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

from evonas.errors import UnknownNameError
from evonas.study.final.result import MODEL_FILE, FinalResult

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn


def seed_folder(folder: Path, seed: int) -> Path:
    """Folder of one seed, inside that of a training."""
    return folder / f"seed-{seed}"


@dataclass(frozen=True)
class FinalReport:
    """A finished training.

    Attributes:
        folder: with ``config.yaml``, ``seeds.csv``, ``curve.png`` and a folder for each seed.
        results: one for each seed.

    Examples:
        >>> key = study.front.index[0]
        >>> report = evonas.train(study.folder, key, recipe="short", epochs=3, progress=False)
        >>> report.table[["best_epoch", "test_images"]].columns.tolist()
        ['best_epoch', 'test_images']
        >>> report.load()(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 10])
    """

    folder: Path
    results: tuple[FinalResult, ...]

    @property
    def test(self) -> tuple[float, float | None] | None:
        """Mean of the seeds' test accuracies and their standard deviation.

        The latter is None for one seed; the result is None if the data set has no test images.
        """
        found = [each.test for each in self.results if each.test is not None]
        if not found:
            return None
        return mean(found), stdev(found) if len(found) > 1 else None

    @property
    def table(self) -> "pd.DataFrame":
        """One row for each seed, as in ``seeds.csv``."""
        import pandas as pd

        rows = []
        left = {"epochs"}
        if all(each.views == "one" for each in self.results):
            left |= {"views", "test_one_view"}
        for each in self.results:
            row = {name: value for name, value in asdict(each).items() if name not in left}
            rows.append({**row, "epochs": len(each.epochs), "seconds": each.seconds})
        return pd.DataFrame(rows).set_index("seed")

    @property
    def curve(self) -> "pd.DataFrame":
        """One row for each seed and epoch: learning rate, loss, validation accuracy, seconds."""
        import pandas as pd

        rows = [
            {"seed": each.seed, **asdict(epoch)} for each in self.results for epoch in each.epochs
        ]
        return pd.DataFrame(rows).set_index(["seed", "epoch"])

    def load(self, seed: int | None = None) -> "nn.Module":
        """The trained network of a seed.

        Args:
            seed: seed of the training; the first one if None.

        Returns:
            A network in evaluation mode, on the CPU: float images (N, channels, height, width) in
            [0, 1] to logits (N, classes). The normalisation is included.

        Raises:
            UnknownNameError: this seed was not trained.
            StorageError: the file is damaged.
        """
        from evonas.evaluation.model_file import load_network

        seeds = [each.seed for each in self.results]
        chosen = seeds[0] if seed is None else seed
        if chosen not in seeds:
            raise UnknownNameError(f"seed {chosen}: expected one of {', '.join(map(str, seeds))}")
        return load_network(seed_folder(self.folder, chosen) / MODEL_FILE)
