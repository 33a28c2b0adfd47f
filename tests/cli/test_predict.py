"""Classification of image files; the oracle is the network itself on the written pixels."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import evonas
from evonas.api.export import predicting
from evonas.errors import ConfigError, DataError
from evonas.evaluation.data.loading import load_test

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf", "--population", "2",
    "--generations", "1", "--epochs", "2", "--images", "400", "--batch", "20", "--workers", "1",
    "--replicates", "1", "--confirm", "0", "--quiet",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evonas.cli import main

    out = tmp_path_factory.mktemp("predict") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return next((out / "models").iterdir())


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for number, pixels in enumerate(load_test("digits").pixels[:20]):
        Image.fromarray(pixels[0].numpy()).save(folder / f"{number:02}.png")
    return folder


def test_predictions_for_files_match_network_on_pixels(model: Path, images: Path) -> None:
    network, test = evonas.load_network(model), load_test("digits")
    with torch.no_grad():
        expected = network(test.pixels[:20] / 255).softmax(1)
    found = evonas.predict(model, [images])
    assert [each.path.name for each in found] == [f"{number:02}.png" for number in range(20)]
    assert [each.label for each in found] == expected.argmax(1).tolist()
    np.testing.assert_allclose(
        [each.probability for each in found], expected.max(1).values, atol=1e-6
    )
    assert [each.name for each in found] == [str(each.label) for each in found]


def test_wide_colour_image_is_cropped_and_converted_to_grey(
    model: Path, images: Path, tmp_path: Path
) -> None:
    grey = np.array(Image.open(images / "03.png"))
    wide = np.full((8, 14), 255, np.uint8)
    wide[:, 3:11] = grey
    Image.fromarray(wide).convert("RGB").save(tmp_path / "wide.png")
    (expected,) = evonas.predict(model, [images / "03.png"])
    (found,) = evonas.predict(model, [tmp_path / "wide.png"])
    (framed,) = evonas.predict(model, [tmp_path / "wide.png"], fit="letterbox")
    assert (found.label, found.probability) == (expected.label, expected.probability)
    assert framed.probability != found.probability


def test_coloured_images_are_made_grey_as_by_pillow_over_several_batches(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "BATCH", 3)
    network, rng = evonas.load_network(model), np.random.default_rng(0)
    grey = []
    for number in range(7):
        image = Image.fromarray(rng.integers(0, 256, (8, 8, 3)).astype(np.uint8))
        image.save(tmp_path / f"{number}.png")
        grey.append(np.array(image.convert("L")))
    with torch.no_grad():
        expected = network(torch.from_numpy(np.stack(grey)[:, None]) / 255).softmax(1)
    files = [tmp_path / f"{number}.png" for number in reversed(range(7))]
    found = evonas.predict(model, files)
    assert [each.path for each in found] == files
    np.testing.assert_allclose(
        [each.probability for each in found], expected.max(1).values.flip(0), atol=1e-4
    )


def test_predict_command_matches_python_api(
    model: Path, images: Path, call: Callable[..., str]
) -> None:
    found = evonas.predict(model, [images])
    printed = call("predict", str(model), str(images), "--json").splitlines()
    assert [json.loads(line)["label"] for line in printed] == [each.label for each in found]
    table = call("predict", str(model), str(images / "00.png"))
    assert f"{found[0].probability:.3f}" in table


def test_invalid_images_and_options_are_rejected(
    model: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    with pytest.raises(DataError, match="found none"):
        evonas.predict(model, [tmp_path])
    with pytest.raises(DataError, match="cannot be read"):
        evonas.predict(model, [tmp_path / "no.png"])
    with pytest.raises(ConfigError, match="letterbox"):
        evonas.predict(model, [], fit="stretch")
    (tmp_path / "text.png").write_text("no image")
    assert "text.png" in call("predict", str(model), str(tmp_path / "text.png"), code=2)
