"""What a candidate may cost: its images, its size, and how long it is trained."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset

GATES = {
    "skip": "skip expensive objectives that cannot bring the candidate on the front",
    "measure": "measure them all the same",
    "off": "measure everything, and ask nothing",
}
FITS = {
    "crop": "scale its shorter side and keep the centre",
    "letterbox": "scale its longer side and add black",
}
UNREADABLE = {
    "refuse": "name them all, and begin nothing",
    "skip": "leave them out",
}
STORAGE = {
    "auto": "in memory if they fit, else on disk",
    "memory": "decode all of them once",
    "disk": "decode each of them whenever it is used",
}


@dataclass(frozen=True)
class TrainingSettings:
    """What a candidate may cost."""

    dataset: str = setting("The data set.", default="digits", table="datasets")
    data_dir: str = setting(
        "The folder of the images' files.",
        default=unset("$EVONAS_DATA, or ./data"),
        decides_result=False,
    )
    train_sha256: str | None = setting(
        "Hash that the official training images must have.", default=unset("that of those found")
    )
    test_sha256: str | None = setting(
        "Hash that the test images must have.", default=unset("that of those found")
    )
    download: bool = setting(
        "Fetch the data set if it is missing.", default=False, decides_result=False
    )
    images: int | None = setting(
        "Training images to use.", default=unset("all of them"), unit="images", at_least=1
    )
    image_size: int | None = setting(
        "Height and width that every image is brought to; where nothing is said, images stay as "
        "they are and must have one size.",
        default=None,
        unit="pixels",
        at_least=4,
        example="32",
    )
    image_fit: str = setting(
        "How an image that is not square is brought to --image-size.",
        default="crop",
        choices=FITS,
    )
    unreadable: str = setting(
        "With --dataset folder or imagenet: what becomes of files that cannot be read as images.",
        default="refuse",
        choices=UNREADABLE,
    )
    image_storage: str = setting(
        "With --dataset folder or imagenet: where images are kept; the numbers are the same.",
        default="auto",
        choices=STORAGE,
        decides_result=False,
    )
    split_seed: int = setting(
        "Seed that divides the images into parts and picks those that are attacked; runs with "
        "different seeds share it, so that they can be compared.",
        default=0,
        at_least=0,
    )
    epochs: int = setting(
        "Epochs that each candidate is trained for.",
        default=unset("the data set's own"),
        unit="epochs",
        at_least=1,
    )
    batch: int = setting(
        "Images in a mini-batch.",
        default=unset("the data set's own, halved until an epoch has 32 steps"),
        unit="images",
        at_least=2,  # a batch of one has no statistics
    )
    learning_rate: float = setting(
        "Learning rate of SGD in the first epoch; rules with an own update have one of their own.",
        default=0.1,  # NAS-Bench-201's
        above=0.0,
    )
    training_method: str = setting(
        "What each mini-batch is: the images (standard), or adversarial examples of them, made by "
        "one step (fgsm) or by K steps (pgd-K, such as pgd-7).",
        default="standard",
        option="training",
        example="pgd-7",
    )
    training_epsilon: str | None = setting(
        "Radius of the adversarial examples to train on.",
        default=unset("as --epsilon, where --training is not standard"),
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
        "With --fidelity: of so many candidates on a rung, one is promoted.",
        default=3,
        unit="candidates",
        at_least=2,
    )
    gate: str = setting(
        "What becomes of expensive objectives that cannot change the front.",
        default="skip",
        choices=GATES,
    )

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which candidates are compared; the last is full training."""
        return self.fidelity or (self.epochs,)
