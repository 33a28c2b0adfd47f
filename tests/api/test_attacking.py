"""``evonas.attack`` against margins of a linear network; rejected input; written files."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

import evonas
from evonas.errors import ConfigError, DataError
from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.evaluation.attacks.masking.report import Masking, MaskingCheck
from evonas.report.attacks.plot import draw_attacks
from evonas.report.attacks.table import write_attacks

EPSILON = 0.1


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 3))


def test_robust_accuracy_of_linear_network_matches_margins() -> None:
    network = linear()
    images = torch.rand(60, 3, 2, 2, generator=torch.Generator().manual_seed(1)) * 0.6 + 0.2
    labels = network(images).argmax(1)
    report = evonas.attack(network, images, labels, epsilon=EPSILON, progress=False)
    weight = network[1].weight  # type: ignore[index]
    logits = network(images)
    stands = torch.ones(60, dtype=torch.bool)
    for other in range(3):
        gap = logits.gather(1, labels[:, None])[:, 0] - logits[:, other]
        reach = EPSILON * (weight[labels] - weight[other]).abs().sum(1)
        stands &= (labels == other) | (gap > reach)
    (worst,) = report.table[report.table.attack == "worst case"].to_dict("records")
    assert 0 < int(stands.sum()) < 60
    assert worst["accuracy"] == pytest.approx(float(stands.float().mean()))
    assert worst["se"] == pytest.approx(
        math.sqrt(worst["accuracy"] * (1 - worst["accuracy"]) / 60)
    )
    assert report.worst_case == {report.table.epsilon.iloc[0]: worst["accuracy"]}
    assert network.training  # the mode is left unchanged
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.rand(2, 12), torch.zeros(2, dtype=torch.long), "expected float .N, channels"),
        (torch.zeros(2, 3, 2, 2, dtype=torch.uint8), torch.zeros(2, dtype=torch.long), "uint8"),
        (torch.rand(2, 3, 2, 2) * 255, torch.zeros(2, dtype=torch.long), r"values in \[0, 1\]"),
        (torch.full((2, 3, 2, 2), torch.nan), torch.zeros(2, dtype=torch.long), "got nan"),
        (torch.rand(2, 3, 2, 2), torch.zeros(3, dtype=torch.long), r"labels: expected int64 \(2"),
        (torch.rand(2, 3, 2, 2), torch.zeros(2), "float32"),
        (
            torch.rand(2, 1, 9, 9),
            torch.zeros(2, dtype=torch.long),
            "shape .1, 9, 9.: ",
        ),
        (torch.rand(0, 3, 2, 2), torch.zeros(0, dtype=torch.long), "N above 0"),
    ],
)
def test_invalid_images_or_labels_are_rejected(
    images: torch.Tensor, labels: torch.Tensor, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        evonas.attack(linear(), images, labels, progress=False)


def test_labels_must_be_classes_of_the_network() -> None:
    class Pair(nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, int]:
            return images.flatten(1), 1

    images = torch.rand(2, 3, 2, 2)
    for labels, message in (([0, 3], "from 0 to 2, .* got 0 to 3"), ([-1, 0], "got -1 to 0")):
        with pytest.raises(DataError, match=message):
            evonas.attack(linear(), images, torch.tensor(labels), progress=False)
    with pytest.raises(DataError, match=r"expected logits \(N, classes\), got tuple"):
        evonas.attack(Pair(), images, torch.tensor([0, 1]), progress=False)


def test_out_of_range_settings_are_rejected() -> None:
    images, labels = torch.rand(2, 3, 2, 2), torch.zeros(2, dtype=torch.long)
    for given, message in (
        ({"level": 3}, "level: expected 1 or 2"), ({"epsilon": 1.5}, "from 0 to 1"),
        ({"epsilon": "8"}, "epsilon"), ({"epsilon": ()}, "at least one radius"),
        ({"epsilon": math.nan}, "from 0 to 1"), ({"batch_size": 0}, "batch size"),
        ({"seed": -1}, "seed"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            evonas.attack(linear(), images, labels, progress=False, **given)


def test_reader_of_attack_files_sees_the_old_ones_whole(tmp_path: Path) -> None:
    """What another process has opened does not change under it when they are written again."""
    names = ("attacks.csv", "attacks.json", "attacks.png")

    def write(robust: str) -> list[bytes]:
        outcomes = [Outcome("apgd", "8/255", "true", "111", robust, 1.0)]
        write_attacks(tmp_path, outcomes, {}, about={})
        draw_attacks(outcomes, path=tmp_path / "attacks.png", title="")
        return [(tmp_path / name).read_bytes() for name in names]

    old = write("100")
    opened = [(tmp_path / name).open("rb") for name in names]
    new = write("000")
    assert all(one != other for one, other in zip(old, new, strict=True))
    for file, content in zip(opened, old, strict=True):
        with file:
            assert file.read() == content


def test_attack_files_hold_the_table_without_nan(tmp_path: Path) -> None:
    outcomes = [
        Outcome("apgd", "8/255", "true", "111", "100", 1.0, "fell back"),
        Outcome("apgd", "8/255", "surrogate", "111", "111", 1.0),
        Outcome("one-pixel-1", "", "none", "11", "00", 1.0),
    ]
    check = MaskingCheck("square_gap", None, 0.0, is_flagged=False)
    masking = {"8/255": Masking((check,), 0.6, 0.1, 3)}
    write_attacks(tmp_path, outcomes, masking, about={"key": "a"})
    table = pd.read_csv(tmp_path / "attacks.csv")
    assert table.attack.tolist() == ["apgd", "apgd", "worst case", "one-pixel-1"]
    assert table.masked.tolist() == [False, True, False, False]
    assert table.accuracy.tolist() == pytest.approx([1 / 3, 1.0, 1 / 3, 0.0])

    def refuse(name: str) -> None:
        raise AssertionError(name)

    document = json.loads((tmp_path / "attacks.json").read_text(), parse_constant=refuse)
    assert document["key"] == "a"
    assert document["masking"]["8/255"]["surrogate_gap"] == 0.6
    assert len(document["attacks"]) == 4
    draw_attacks(outcomes, path=tmp_path / "attacks.png", title="")
    assert (tmp_path / "attacks.png").read_bytes().startswith(b"\x89PNG")
