"""Skeletons and blueprints as the papers draw them."""

from evonas.space import Operation, load


def test_nas_bench_201_has_stem_17_cells_and_classifier() -> None:
    positions = load("nas-bench-201").positions
    expected = [("stem", "stem", 16, 0)]
    for stage, channels in enumerate((16, 32, 64)):
        if stage:
            expected.append((f"reduction{stage}", "reduction", channels, stage))
        expected += [(f"stage{stage}.cell{i}", "cell", channels, stage) for i in range(5)]
    expected.append(("classifier", "classifier", 64, 2))
    assert [(p.name, p.kind, p.channels, p.stage) for p in positions] == expected
    assert len(positions) - 2 == 17
    assert [p.name for p in positions if p.is_strided] == ["reduction1", "reduction2"]


def test_every_nas_bench_201_site_has_a_rule_gene() -> None:
    space = load("nas-bench-201")
    sites = [site for position in space.positions for site in position.sites]
    assert len(sites) == 1 + 15 * 6 + 2 + 1
    assert sites[:3] == ["stem", "stage0.cell0.edge1_0", "stage0.cell0.edge2_0"]
    assert [gene.name for gene in space.genes if gene.kind == "rule"] == sites


def test_darts_has_20_layers_reducing_at_one_and_two_thirds() -> None:
    positions = load("darts").positions
    cells = [position for position in positions if position.kind == "cell"]
    assert len(cells) == 20
    # model.py of quark0/darts: reductions at layers // 3 and 2 * layers // 3
    assert [i for i, p in enumerate(cells) if p.is_strided] == [20 // 3, 2 * 20 // 3]
    assert [p.cell for p in cells if p.is_strided] == ["reduction", "reduction"]
    assert [cells[i].channels for i in (0, 6, 7, 13, 19)] == [36, 72, 72, 144, 144]
    assert positions[0].channels == 3 * 36
    assert positions[-1].channels == 4 * 144


def test_darts_shares_rules_between_instances_of_a_cell() -> None:
    names = [gene.name for gene in load("darts").genes if gene.kind == "rule"]
    edges = [f"{target}_{slot}" for target in (2, 3, 4, 5) for slot in (0, 1)]
    assert names == [
        "stem",
        *(f"normal.preprocess{i}" for i in (0, 1)),
        *(f"normal.edge{edge}" for edge in edges),
        *(f"reduction.preprocess{i}" for i in (0, 1)),
        *(f"reduction.edge{edge}" for edge in edges),
        "classifier",
    ]


def test_only_skips_that_halve_the_image_carry_rules() -> None:
    space = load("darts")
    skip = "|skip_connect~0|skip_connect~1|"
    cell = f"{skip}+{skip}+{skip}+|skip_connect~0|skip_connect~4|"
    genome = space.parse(f"normal={cell} reduction={cell} @ usf*22")
    # node 5 of the reduction reads node 4 at stride 1; every other edge of it halves the image
    assert space.format(genome).partition(" @ ")[2] == "usf*3 -*8 usf*9 - usf"


def test_stage_shares_its_rule_with_its_opening_reduction() -> None:
    space = load("tiny")
    rules = space.decode(space.parse("|skip~0|+|conv_3x3~0|+|skip~1| @ usf dfa")).rules
    assert rules["stem"] == rules["stage0.cell0.edge2_0"] == "usf"
    assert rules["reduction1"] == rules["stage1.cell1.edge2_0"] == rules["classifier"] == "dfa"


def test_operation_parameters_match_papers() -> None:
    bench = load("nas-bench-201")
    assert bench.graphs["cell"].operations == (
        Operation("none", "zero"),
        Operation("skip_connect", "identity"),
        Operation("nor_conv_1x1", "convolution", kernel=1),
        Operation("nor_conv_3x3", "convolution", kernel=3),
        Operation("avg_pool_3x3", "pool", kernel=3, mode="avg"),
    )
    darts = load("darts").graphs
    assert darts["normal"].operations == darts["reduction"].operations
    by_name = {operation.name: operation for operation in darts["normal"].operations}
    # operations.py of quark0/darts: SepConv applies its block twice, DilConv once at dilation 2
    assert by_name["sep_conv_5x5"] == Operation("sep_conv_5x5", "separable", 5, repeats=2)
    assert by_name["dil_conv_3x3"] == Operation("dil_conv_3x3", "separable", 3, dilation=2)


def test_dead_cell_needs_only_the_classifier_rule() -> None:
    space = load("nas-bench-201").resized(cells=1)
    dead = space.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2| @ usf*22")
    assert space.decode(dead).cells["cell"].is_zero
    assert space.format(dead).partition(" @ ")[2] == "-*21 usf"
    # the pool stays, as the benchmark's expression distinguishes it even on a zero sum
    canonical = space.parse("|none~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|")
    assert space.format(space.canonical(canonical)).startswith(
        "|none~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2| @"
    )
