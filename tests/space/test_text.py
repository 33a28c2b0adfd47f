"""A text that is not a genome is rejected with place, expectation and actual value."""

import pytest

from evonas.errors import GenomeError
from evonas.space import Space, load


@pytest.fixture(scope="module")
def bench() -> Space:
    return load("nas-bench-201").resized(cells=1)


@pytest.fixture(scope="module")
def darts() -> Space:
    return load("darts").resized(cells=1)


GOOD = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
NODE = "|skip_connect~0|skip_connect~1|"


def test_repeated_rules_are_abbreviated_and_inactive_are_dashes(bench: Space) -> None:
    convolving = GOOD.replace("skip_connect~0", "nor_conv_3x3~0")
    genome = bench.parse(f"{convolving} @ usf*7 dfa kp*12 brsf*2")
    # the stem, then of three cells the edge 3_0, each but the first behind a reduction
    line = "usf -*3 usf -*2 dfa -*3 kp -*2 kp -*3 kp -*2 brsf"
    assert bench.format(genome) == f"{convolving} @ {line}"
    neighbours = bench.parse(f"{GOOD} @ usf -*6 usf -*6 usf -*6 usf")
    assert bench.format(neighbours) == f"{GOOD} @ usf -*6 usf -*6 usf -*6 usf"


def test_edges_may_be_written_in_any_order(bench: Space, darts: Space) -> None:
    shuffled = "|none~0|+|none~1|none~0|+|none~2|skip_connect~0|none~1|"
    assert bench.parse(shuffled) == bench.parse(GOOD)
    ordered = f"{NODE}+{NODE}+{NODE}+|max_pool_3x3~1|skip_connect~4|"
    turned = f"{NODE}+{NODE}+{NODE}+|skip_connect~4|max_pool_3x3~1|"
    assert darts.parse(f"normal={ordered} reduction={ordered}") == darts.parse(
        f"reduction={turned} normal={turned}"
    )


def test_text_without_rules_uses_the_first_rule(bench: Space) -> None:
    count = sum(gene.kind == "rule" for gene in bench.genes)
    assert bench.parse(GOOD) == bench.parse(f"{GOOD} @ fa*{count}")
    assert bench.parse(GOOD) == bench.parse(f"{GOOD} @ -*{count}")


def test_single_cell_may_be_named(bench: Space) -> None:
    assert bench.parse(f"cell={GOOD}") == bench.parse(GOOD)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "genome: cell 'cell' is missing in ''"),
        ("@ fa", "genome: cell 'cell' is missing in ''"),
        (f"cel={GOOD}", "genome: expected cell=|...|, got 'cel=|none~0|"),
        (f"{GOOD} {GOOD}", "genome: cell 'cell' is given twice"),
        ("|none~0|", "genome, cell 'cell': expected 3 nodes joined by '+', got 1 in '|none~0|'"),
        (
            GOOD.replace("|none~0|+", "none~0+", 1),
            "genome, cell 'cell', node 1: expected |operation~input|..., got 'none~0'",
        ),
        (
            GOOD.replace("none~2", "none"),
            "genome, cell 'cell', node 3: expected operation~input, got 'none'",
        ),
        (
            GOOD.replace("none~2", "none~-2"),
            "genome, cell 'cell', node 3: expected operation~input, got 'none~-2'",
        ),
        (
            GOOD.replace("skip_connect", "skip_conect"),
            "genome, cell 'cell', node 3: unknown operation 'skip_conect'; did you mean "
            "'skip_connect'? (known: none, skip_connect, nor_conv_1x1, nor_conv_3x3, "
            "avg_pool_3x3)",
        ),
        (
            GOOD.replace("none~2", "none~1"),
            "genome, cell 'cell', node 3: expected one edge from each of the nodes 0, 1, 2, "
            "got 0, 1, 1 in '|skip_connect~0|none~1|none~1|'",
        ),
        (f"{GOOD} @ fa", "genome, rules: expected 22 rules, got 1"),
        (f"{GOOD} @", "genome, rules: expected 22 rules, got 0"),
        (f"{GOOD} @ fa*23", "genome, rules: expected 22 rules, got more"),
        (f"{GOOD} @ fa*999999", "genome, rules: expected 22 rules, got more"),
        (f"{GOOD} @ fa*0", "genome, rules: expected rule or rule*count, got 'fa*0'"),
        (f"{GOOD} @ fa*", "genome, rules: expected rule or rule*count, got 'fa*'"),
        (
            f"{GOOD} @ fa*21 fsrf",
            "genome, rule of 'classifier': unknown rule 'fsrf'; did you mean 'frsf'? "
            "(known: fa, usf, frsf, brsf, kp, dfa)",
        ),
        (f"{GOOD} @ fa @ fa", "genome, rules: expected 22 rules, got 3"),
    ],
)
def test_invalid_text_of_one_cell_space_is_rejected(bench: Space, text: str, message: str) -> None:
    with pytest.raises(GenomeError) as caught:
        bench.parse(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"normal={NODE}+{NODE}+{NODE}+{NODE}",
            "genome: cell 'reduction' is missing in 'normal=|skip_connect~0|",
        ),
        (
            f"{NODE}+{NODE}+{NODE}+{NODE}",
            "genome: expected normal=|...|, reduction=|...|, got '|skip_connect~0|",
        ),
        (
            f"normal={NODE}+{NODE}+{NODE}+{NODE} reductoin=|a~0|",
            "genome: expected normal=|...|, reduction=|...|, got 'reductoin=|a~0|'; "
            "did you mean 'reduction'?",
        ),
        (
            f"reduction=| normal={NODE}+{NODE}+{NODE}+|skip_connect~4|skip_connect~4|",
            "genome, cell 'normal', node 5: expected edges from 2 different nodes of 0 to 4, "
            "got 4, 4 in '|skip_connect~4|skip_connect~4|'",
        ),
        (
            f"reduction=| normal={NODE}+{NODE}+{NODE}+|skip_connect~4|skip_connect~5|",
            "genome, cell 'normal', node 5: expected edges from 2 different nodes of 0 to 4, "
            "got 4, 5 in '|skip_connect~4|skip_connect~5|'",
        ),
    ],
)
def test_invalid_text_of_two_cell_space_is_rejected(darts: Space, text: str, message: str) -> None:
    with pytest.raises(GenomeError) as caught:
        darts.parse(text)
    assert str(caught.value).startswith(message)
