"""Handwritten digits, 8x8, bundled with scikit-learn (Alpaydin and Kaynak 1998, UCI)."""

from pathlib import Path
from typing import ClassVar, final

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource
from evonas.evaluation.data.split import share_of, stratified_part

# The set has no test part, so a fifth is set apart, the same for all studies.
_TEST_SEED = 1797
_TEST_SHARE = 0.2


@final
class Digits(AbstractSource):
    """1,797 grey images of ten digits; needs no files and no download."""

    name: ClassVar[str] = "digits"
    title: ClassVar[str] = "handwritten digits, 8x8 grey, bundled"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (bundled: no folder needed)
        """Fixed values; nothing is read."""
        return Traits(
            name=self.name,
            num_classes=10,
            class_names=tuple("0123456789"),
            shape=(1, 8, 8),
            mean=(0.3050,),
            std=(0.3758,),
            crop_padding=0,  # eight pixels leave no room to shift a digit by one
            flip=False,
            validation_share=0.25,
            epochs=6,
            batch=32,
            channels=8,
            cells=1,
            epsilon="16/255",
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The same four fifths of the images for all studies."""
        images, _, rest = self._divided()
        return images.subset(rest)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The other fifth, stratified by class."""
        images, test, _ = self._divided()
        return images.subset(test)

    def _divided(self) -> tuple[Images, torch.Tensor, torch.Tensor]:
        from sklearn.datasets import load_digits  # slow to import

        bunch = load_digits()
        sixteenths = torch.from_numpy(bunch.images)  # whole numbers 0..16, float64 (1797, 8, 8)
        pixels = sixteenths.mul(255 / 16).round().to(torch.uint8).unsqueeze(1)
        images = Images(pixels, torch.from_numpy(bunch.target).to(torch.int64))
        test, rest = stratified_part(
            images.labels, num_images=share_of(len(images), _TEST_SHARE), seed=_TEST_SEED
        )
        return images, test, rest
