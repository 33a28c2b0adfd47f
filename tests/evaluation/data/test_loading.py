"""A search gets a training and a validation part, drawn by its seed, and no test image."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from evonas.errors import DataError, UnknownNameError
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.known import DATASETS
from evonas.evaluation.data.loading import load_search_data, load_test, traits_of
from evonas.evaluation.data.place import COUNTED, OWN_IMAGES, default_data_dir
from evonas.evaluation.data.sources.base import AbstractSource
from evonas.evaluation.data.sources.digits import Digits


def content(images: Images) -> set[bytes]:
    return {bytes(row.tolist()) for row in images.pixels.flatten(1)}


def test_training_validation_and_test_parts_are_disjoint() -> None:
    found = load_search_data("digits", seed=3)
    test = load_test("digits")
    assert (len(found.train), len(found.validation), len(test)) == (1078, 360, 359)
    assert len(content(found.train) | content(found.validation) | content(test)) == 1797


def test_seed_changes_training_and_validation_but_not_test() -> None:
    first, again, other = (load_search_data("digits", seed=seed) for seed in (1, 1, 2))
    assert first.train.pixels.equal(again.train.pixels)
    assert first.validation.labels.equal(again.validation.labels)
    assert content(first.validation) != content(other.validation)
    both = [content(found.train) | content(found.validation) for found in (first, other)]
    assert both[0] == both[1]


@pytest.mark.parametrize("num_images", [10, 100, 1078])
def test_num_images_limits_training_part_in_class_proportion(
    num_images: int,
) -> None:
    whole = load_search_data("digits", seed=0)
    kept = load_search_data("digits", seed=0, num_images=num_images)
    assert len(kept.train) == num_images
    exact = whole.train.labels.bincount() * num_images / len(whole.train)
    assert (kept.train.labels.bincount() - exact).abs().max() < 1
    assert content(kept.train) <= content(whole.train)
    assert len(kept.validation) == 360  # fewer than the cap of 1,000


KNOWN = (
    "digits mnist fashion-mnist kmnist emnist svhn cifar10 cifar100 imagenet16-120 stl10 "
    "imagenet pathmnist dermamnist octmnist pneumoniamnist retinamnist breastmnist bloodmnist "
    "tissuemnist organamnist organcmnist organsmnist folder npz"
)
OWN = set(OWN_IMAGES)


class Plenty(AbstractSource):
    """6,000 made-up images of two classes, half of them for validation."""

    name: ClassVar[str] = "plenty"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002
        """Traits of Fashion-MNIST, with another size and two classes."""
        fashion = traits_of("fashion-mnist")
        return replace(fashion, name="plenty", num_classes=2, shape=(1, 1, 2))

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """All images differ."""
        number = torch.arange(6000)
        pixels = torch.stack([number % 256, number // 256], 1).to(torch.uint8)
        return Images(pixels.view(-1, 1, 1, 2), number % 2)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """Fails if the test part is read."""
        raise RuntimeError("the test part was read")


@pytest.mark.parametrize(("num_images", "capped"), [(10, 1000), (1500, 1500), (None, 3000)])
def test_validation_part_is_capped_by_num_images_or_thousand(
    monkeypatch: pytest.MonkeyPatch, num_images: int | None, capped: int
) -> None:
    monkeypatch.setitem(DATASETS, "plenty", Plenty())
    found = load_search_data("plenty", seed=0, num_images=num_images)
    assert len(found.validation) == capped


def test_search_never_reads_the_test_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "plenty", Plenty())
    load_search_data("plenty", seed=0)
    with pytest.raises(RuntimeError, match="the test part was read"):
        load_test("plenty")


@pytest.mark.parametrize(
    ("num_images", "message"),
    [
        (9, "at least one for each of the 10 classes of 'digits', got 9"),
        (0, "got 0"),
        (1079, "training images of 'digits': asked for 1,079, but there are 1,078"),
    ],
)
def test_too_few_or_too_many_images_are_rejected(num_images: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_search_data("digits", seed=0, num_images=num_images)


def test_unknown_data_set_is_rejected_with_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'cifar10'\?"):
        load_search_data("cifar-10", seed=0)


@pytest.mark.parametrize("name", sorted(set(DATASETS) - {"digits"}))
@pytest.mark.parametrize("load", [partial(load_search_data, seed=0), load_test])
def test_missing_data_error_names_folder_and_remedy(
    tmp_path: Path, name: str, load: Callable[..., object]
) -> None:
    with pytest.raises(DataError) as caught:
        load(name, data_dir=tmp_path)
    text = str(caught.value)
    assert f"data set '{name}'" in text
    assert str(tmp_path) in text
    assert "--data-dir" in text
    assert any(way in text for way in ("https://", "http://", "<class>/<image>", "FILE.npz"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(set(DATASETS) - set(COUNTED)))
def test_traits_are_well_formed_and_need_no_files(tmp_path: Path, name: str) -> None:
    traits = traits_of(name, data_dir=tmp_path)
    assert traits.name == name
    assert len(traits.mean) == len(traits.std) == traits.shape[0]
    assert all(0 < m < 1 for m in traits.mean)
    assert all(0 < s < 1 for s in traits.std)
    assert 0 < parse_epsilon(traits.epsilon) <= Fraction(16, 255)


def test_digits_moments_match_the_training_images() -> None:
    traits = traits_of("digits")
    pixels = Digits().load_train(Path(), download=False).pixels.double() / 255
    assert pixels.mean().item() == pytest.approx(traits.mean[0], abs=1e-4)
    assert pixels.std().item() == pytest.approx(traits.std[0], abs=1e-4)


def test_data_folder_comes_from_environment_unless_empty() -> None:
    assert default_data_dir({"EVONAS_DATA": "/somewhere"}) == Path("/somewhere")
    assert default_data_dir({"EVONAS_DATA": ""}) == default_data_dir({}) == Path("data")


def test_data_set_table_is_keyed_by_source_name() -> None:
    assert {name: source.name for name, source in DATASETS.items()} == {
        name: name for name in KNOWN.split()
    }


@pytest.mark.parametrize("name", sorted(set(DATASETS) - set(COUNTED)))
def test_documented_presets_match_the_traits(name: str) -> None:
    documentation = Path(__file__).parents[3] / "docs" / "data.md"
    traits = traits_of(name)
    mirrored = "yes" if traits.flip else "no"
    row = f"| `{name}` | {traits.crop_padding} | {mirrored} | {traits.epochs} | {traits.batch} | "
    assert f"{row}{traits.epsilon} |" in documentation.read_text(encoding="utf-8")
