"""The result of one seed of a final training: a JSON file that is written last."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.final.final_training import EpochRecord
from evonas.evaluation.final.views import Views
from evonas.study.weights import write_whole

RESULT_FILE = "result.json"
MODEL_FILE = "model.safetensors"


@dataclass(frozen=True)
class FinalResult:
    """The result of one seed.

    Attributes:
        seed: seed of the training.
        test: accuracy on the test images, read once, in [0, 1]; None if the data set has none.
        test_images: their number.
        validation: accuracy of the selected epoch; None if no validation images were held out.
        best_epoch: number of the selected epoch, counted from 1.
        parameters: parameters of the network.
        bio: share of the trainable weights under plausible rules; see the objective.
        model_sha256: hash of the file of its weights, in hexadecimal.
        epochs: records of all epochs.
        views: views of each image, by which it was classified in validation and test.
        test_one_view: test accuracy of the saved network on the plain image; None if that is
            ``test``.
    """

    seed: int
    test: float | None
    test_images: int
    validation: float | None
    best_epoch: int
    parameters: int
    bio: float
    model_sha256: str
    epochs: tuple[EpochRecord, ...]
    views: Views = "one"
    test_one_view: float | None = None

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs."""
        return sum(each.seconds for each in self.epochs)

    def write(self, folder: Path) -> None:
        """Write it into the folder of its seed."""
        text = json.dumps(asdict(self), indent=1, allow_nan=False)
        write_whole(folder / RESULT_FILE, text.encode())


def read_result(folder: Path) -> FinalResult | None:
    """The result of the seed in ``folder``; None if it is not finished.

    Raises:
        StorageError: the file is damaged.
    """
    path = folder / RESULT_FILE
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_bytes())
        epochs = tuple(EpochRecord(**each) for each in document.pop("epochs"))
        return FinalResult(**document, epochs=epochs)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise StorageError(
            f"{path}: damaged ({problem}); remove it to train this seed again"
        ) from problem
