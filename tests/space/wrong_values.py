"""Wrong values: the path of each in the example space, and the message that it must cause."""

from tests.space.example_space import good

BLOCK = "cells.block"
OPERATIONS = f"{BLOCK}.operations"
NAMES = "letters, digits, '_' and '-', a letter or digit first"

WRONG = [
    # the form of a value
    ("sizes", {}, "$: unknown key 'sizes'; did you mean 'size'? (known: name, description, size,"),
    ("size", ..., "$.size: this key is missing"),
    ("size", 16, "$.size: expected a mapping (keys: channels, cells), got 16"),
    ("size.channels", "16", "$.size.channels: expected a whole number, got '16'"),
    ("size.channels", True, "$.size.channels: expected a whole number, got True"),
    ("size.cells", None, "$.size.cells: expected a whole number, got nothing"),
    ("name", 201, "$.name: expected a text, got 201"),
    ("stages", {"cell": "block"}, "$.stages: expected a list, got {'cell': 'block'}"),
    ("cells", [], "$.cells: expected a mapping, got []"),
    ("rules.choices", "fa", "$.rules.choices: expected a list, got 'fa'"),
    ("rules.choices", ["fa", False], "$.rules.choices[1]: expected a text, got False"),
    ("head.norm", "yes", "$.head.norm: expected true or false, got 'yes'"),
    # the range of a value
    ("size.cells", 0, "$.size.cells: must be at least 1, got 0"),
    ("size.cells", 5000, "$.size.cells: must be at most 1000, got 5000"),
    ("stages.1.channels", -2, "$.stages[1].channels: must be at least 1, got -2"),
    ("stages.1.repeat", 0, "$.stages[1].repeat: must be at least 1, got 0"),
    ("stem.kernel", 2, "$.stem.kernel: must be odd, so that padding keeps the size, got 2"),
    (f"{BLOCK}.nodes", 0, "$.cells.block.nodes: must be at least 1, got 0"),
    (f"{BLOCK}.inputs", 3, "$.cells.block.inputs: must be 1 or 2, got 3"),
    (
        f"{BLOCK}.graph",
        "dens",
        "$.cells.block.graph: expected dense or {choose: k}, got 'dens'",
    ),
    (
        f"{BLOCK}.graph.choose",
        2,
        "$.cells.block.graph.choose: the first node has only 1 to choose from, got 2",
    ),
    (
        f"{BLOCK}.graph",
        {"chose": 1},
        "$.cells.block.graph: unknown key 'chose'; did you mean 'choose'? (known: choose)",
    ),
    (
        f"{BLOCK}.graph",
        {"choose": None},
        "$.cells.block.graph: expected dense or {choose: k}, got a mapping without a number",
    ),
    (
        f"{BLOCK}.join",
        "concatenate",
        "$.cells.block.join: expected one of last, sum, concat, got 'concatenate'; "
        "did you mean 'concat'?",
    ),
    (OPERATIONS, {}, "$.cells.block.operations: expected at least one operation, got none"),
    # operations
    (
        f"{OPERATIONS}.conv.kind",
        "conv",
        "$.cells.block.operations.conv.kind: expected one of zero, identity, convolution, "
        "separable, pool, linear, mbconv, attention, got 'conv'",
    ),
    (
        f"{OPERATIONS}.conv.kernel",
        ...,
        "$.cells.block.operations.conv.kernel: this key is missing (kind convolution needs it)",
    ),
    (
        f"{OPERATIONS}.conv.kernel",
        4,
        "$.cells.block.operations.conv.kernel: must be odd, so that padding keeps the size, got 4",
    ),
    (
        f"{OPERATIONS}.skip.kernel",
        3,
        "$.cells.block.operations.skip.kernel: kind identity does not take this key "
        "(it takes no parameters)",
    ),
    (
        f"{OPERATIONS}.conv.repeats",
        2,
        "$.cells.block.operations.conv.repeats: kind convolution does not take this key "
        "(it takes kernel, dilation, groups)",
    ),
    (
        f"{OPERATIONS}.pool",
        {"kind": "pool", "kernel": 3, "mode": "mean"},
        "$.cells.block.operations.pool.mode: expected one of avg, max, got 'mean'",
    ),
    (
        f"{OPERATIONS}.again",
        {"kind": "convolution", "kernel": 3, "groups": 1},
        "$.cells.block.operations.again: is the same operation as 'conv'; keep one of them",
    ),
    (
        f"{OPERATIONS}.a~b",
        {"kind": "zero"},
        f"$.cells.block.operations.a~b: expected a name of {NAMES}, got 'a~b'",
    ),
    # names across keys
    ("name", "my space", f"$.name: expected a name of {NAMES}, got 'my space'"),
    (
        "name",
        "a" * 300,
        f"$.name: expected a name of at most 64 letters, got 300: '{'a' * 36}...",
    ),
    ("cells", {}, "$.cells: expected at least one cell, got none"),
    ("stages", [], "$.stages: expected at least one stage, got none"),
    (
        "stages.1.cell",
        "blok",
        "$.stages[1].cell: unknown cell 'blok'; did you mean 'block'? (known: block)",
    ),
    (
        "cells.spare",
        good()["cells"]["block"],
        "$.cells.spare: is used by no stage and no reduction",
    ),
    (
        "reduction.kind",
        "cel",
        "$.reduction.kind: expected one of residual, cell, none, got 'cel'; did you mean 'cell'?",
    ),
    ("reduction.kind", "cell", "$.reduction.cell: this key is missing (kind cell needs it)"),
    ("reduction.cell", "block", "$.reduction.cell: kind residual does not take this key"),
    # rules
    ("rules.choices", [], "$.rules.choices: expected at least one rule, got none"),
    ("rules.choices", ["fa", "usf", "fa"], "$.rules.choices[2]: 'fa' is given twice"),
    ("rules.choices", ["-"], f"$.rules.choices[0]: expected a name of {NAMES}, got '-'"),
    (
        "rules.granularity",
        "layers",
        "$.rules.granularity: expected one of layer, edge, stage, network, got 'layers'; "
        "did you mean 'layer'?",
    ),
    # channels
    (
        f"{BLOCK}.join",
        "concat",
        "$.cells.block.join: concat needs inputs: 2, whose preprocessing brings the channels back",
    ),
    (
        f"{OPERATIONS}.conv.groups",
        3,
        "$.stages[0].channels: 3 groups of operation 'conv' do not divide 4 channels",
    ),
    # what genomes choose
    (
        "stages.1.channels",
        "2",
        "$.stages[1].channels: expected a whole number or {choose: [...]}, got '2'",
    ),
    (
        "stages.1.channels",
        {"chose": [1, 2]},
        "$.stages[1].channels: expected a whole number or {choose: [...]}, got {'chose': [1, 2]}",
    ),
    (
        "stages.1.channels",
        {"choose": []},
        "$.stages[1].channels.choose: expected a list of choices, got []",
    ),
    (
        "stages.1.channels",
        {"choose": [1, "2", 1]},
        "$.stages[1].channels.choose[1]: expected a whole number, got '2'",
    ),
    (
        "stages.1.channels",
        {"choose": [1, 2, 1]},
        "$.stages[1].channels.choose[2]: 1 is given twice",
    ),
    (
        "stages.1.channels",
        {"choose": [1, 0]},
        "$.stages[1].channels.choose[1]: must be at least 1, got 0",
    ),
    (
        "stages.1.repeat",
        {"choose": [0, 5000]},
        "$.stages[1].repeat.choose[1]: must be at most 1000, got 5000",
    ),
    (
        "stages.0.reduction_channels",
        2,
        "$.stages[0].reduction_channels: there is no reduction before this stage",
    ),
    (
        f"{OPERATIONS}.conv.groups",
        4,
        "$.stages[1].channels: 4 groups of operation 'conv' do not divide 6 channels",
    ),
    (
        f"{OPERATIONS}.look",
        {"kind": "attention", "heads": 3},
        "$.stages[0].channels: 3 heads of operation 'look' do not divide 4 channels",
    ),
    (
        f"{OPERATIONS}.wide",
        {"kind": "mbconv", "kernel": 3},
        "$.cells.block.operations.wide.expansion: this key is missing (kind mbconv needs it)",
    ),
    # activation, normalisation, stem, fixed cells
    (
        "activation",
        "rleu",
        "$.activation: expected one of relu, gelu, silu, tanh, leaky_relu, got 'rleu'; "
        "did you mean 'relu'?",
    ),
    (
        "normalisation",
        {"choose": ["batch", "instance"]},
        "$.normalisation.choose[1]: expected one of batch, group, layer, none, got 'instance'",
    ),
    ("stem.kind", "two", "$.stem.kind: expected one of convolution, reducing, linear, got 'two'"),
    (
        "stem",
        {"kind": "reducing", "kernel": 3},
        "$.stem.kernel: kind reducing does not take this key",
    ),
    (
        "stem",
        {"kind": "reducing", "channels": {"choose": [2, 1]}},
        "$.stem.channels: a reducing stem begins with half the channels: expected an even number, "
        "got 3",
    ),
    (
        "stem.kind",
        "linear",
        "$.reduction.kind: a linear stem leaves one pixel, which nothing can halve: "
        "expected none, got residual",
    ),
    (
        "stem.kind",
        "linear",
        "$.cells.block.operations.conv.kind: a linear stem leaves one pixel: "
        "expected one of zero, identity, linear, got convolution",
    ),
    (
        f"{OPERATIONS}.full",
        {"kind": "linear"},
        "$.cells.block.operations.full.kind: linear reads images of one pixel, as "
        "'stem: {kind: linear}' gives them; got a stem of kind convolution",
    ),
    (
        f"{BLOCK}.fixed",
        "|conv~0|",
        "$.cells.block.fixed: genome, cell 'block': expected 2 nodes joined by '+', got 1",
    ),
]
