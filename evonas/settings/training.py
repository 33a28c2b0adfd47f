"""Settings: what a candidate may cost. Its images, its size, and its training."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset

GATES = {
    "skip": "do not measure them",
    "measure": "measure them, but let the search see only their bounds",
    "off": "measure everything, without a gate",
}
FITS = {
    "crop": "scale its shorter side and keep the centre",
    "letterbox": "scale its longer side and add black",
}
UNREADABLE = {
    "refuse": "list them all and stop before the run",
    "skip": "leave them out",
}
STORAGE = {
    "auto": "in memory if they fit, else on disk",
    "memory": "decode all images once",
    "disk": "decode an image whenever it is used",
}


@dataclass(frozen=True)
class TrainingSettings:
    """What a candidate may cost."""

    dataset: str = setting("The data set.", default="digits", table="datasets")
    data_dir: str = setting(
        "Folder of the image files.",
        default=unset("$EVONAS_DATA, or ./data"),
        decides_result=False,
    )
    train_sha256: str | None = setting(
        "Expected hash of the official training images.", default=unset("that of those found")
    )
    test_sha256: str | None = setting(
        "Expected hash of the test images.", default=unset("that of those found")
    )
    download: bool = setting(
        "Download the data set if it is missing.", default=False, decides_result=False
    )
    images: int | None = setting(
        "Number of training images to use.",
        default=unset("all of them"),
        unit="images",
        at_least=1,
    )
    image_size: int | None = setting(
        "Resize every image to this height and width; by default images keep their size, which "
        "must be the same for all.",
        default=None,
        unit="pixels",
        at_least=4,
        example="32",
    )
    image_fit: str = setting(
        "How an image that is not square is fitted to --image-size.",
        default="crop",
        choices=FITS,
    )
    unreadable: str = setting(
        "With --dataset folder or imagenet: what to do with files that cannot be read as images.",
        default="refuse",
        choices=UNREADABLE,
    )
    image_storage: str = setting(
        "With --dataset folder or imagenet: where images are kept. Results do not depend on it.",
        default="auto",
        choices=STORAGE,
        decides_result=False,
    )
    split_seed: int = setting(
        "Seed of the data split and of the choice of attacked images. It does not follow --seed, "
        "so that runs with different seeds can be compared.",
        default=0,
        at_least=0,
    )
    epochs: int = setting(
        "Epochs per candidate.",
        default=unset("the data set's own"),
        unit="epochs",
        at_least=1,
    )
    batch: int = setting(
        "Images per mini-batch.",
        default=unset("the data set's own, halved until an epoch has 32 steps"),
        unit="images",
        at_least=2,  # batch normalisation needs more than one image
    )
    learning_rate: float = setting(
        "Initial learning rate of SGD; rules with their own update have a separate one.",
        default=0.1,  # NAS-Bench-201's
        above=0.0,
    )
    training_method: str = setting(
        "What candidates train on: the images (standard), or adversarial examples made by one "
        "step (fgsm) or by K steps (pgd-K, such as pgd-7).",
        default="standard",
        option="training",
        example="pgd-7",
    )
    training_epsilon: str | None = setting(
        "Radius of the adversarial examples used in training.",
        default=unset("as --epsilon, unless --training is standard"),
        unit="share of the pixel range",
        example="8/255",
    )
    channels: int = setting(
        "Channels of the first stage.",
        default=unset("the data set's own, or the space's"),
        unit="channels",
        at_least=1,
    )
    cells: int = setting(
        "Cells in each stage.",
        default=unset("the data set's own, or the space's"),
        unit="cells",
        at_least=1,
    )
    fidelity: tuple[int, ...] = setting(
        "Rungs of successive halving: epochs after which candidates are compared and most are "
        "stopped.",
        default=(),
        unit="epochs",
        example="1,3,9",
    )
    eta: int = setting(
        "Reduction factor of --fidelity: one in this many candidates is promoted.",
        default=3,
        unit="candidates",
        at_least=2,
    )
    gate: str = setting(
        "What to do with expensive objectives that cannot change the front.",
        default="skip",
        choices=GATES,
    )

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which candidates are compared; the last is full training."""
        return self.fidelity or (self.epochs,)
