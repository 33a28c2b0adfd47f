"""The skeleton in words, against skeletons written by hand."""

from evonas.report.skeleton_drawing import skeleton_as_text
from evonas.space import load


def test_skeleton_text_has_line_per_stage_and_reduction() -> None:
    assert [line.split() for line in skeleton_as_text(load("nas-bench-201").positions)] == [
        ["stem", "16", "channels"],
        ["stage0", "5", "x", "cell", "16", "channels"],
        ["reduction1", "32", "channels", "halves", "the", "image"],
        ["stage1", "5", "x", "cell", "32", "channels"],
        ["reduction2", "64", "channels", "halves", "the", "image"],
        ["stage2", "5", "x", "cell", "64", "channels"],
        ["classifier", "64", "features"],
    ]


def test_skeleton_text_omits_stages_without_cells() -> None:
    space = load("mlp").resized(channels=10)
    genome = space.parse(
        "|linear~0| activation=relu stem.channels=2 stage0.channels=1 stage0.repeat=0 "
        "stage1.channels=4 stage1.repeat=1"
    )
    lines = skeleton_as_text(space.decode(genome).positions)
    assert [line.split() for line in lines] == [
        ["stem", "20", "channels"],
        ["stage1", "1", "x", "layer", "40", "channels"],
        ["classifier", "40", "features"],
    ]
