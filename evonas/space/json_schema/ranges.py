"""What the values of keys may be beyond their types, for the JSON schema of the YAML."""

from typing import Any, Final

from evonas.space.keys.choices import ACTIVATIONS, NORMALISATIONS
from evonas.space.keys.problems import MAX_CELLS, MAX_NAME_LENGTH, NAME
from evonas.space.spec import GRANULARITIES, JOINS, MAX_NODES, REDUCTIONS, STEMS

NAME_TEXT: Final = {"pattern": f"^{NAME.pattern}$", "maxLength": MAX_NAME_LENGTH}
COUNT: Final = {"minimum": 1, "maximum": 10**6}
CELLS: Final = {"minimum": 1, "maximum": MAX_CELLS}
ODD: Final = {"minimum": 1, "maximum": 10**6, "not": {"multipleOf": 2}}

RANGES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("SpaceSpec", "name"): NAME_TEXT,
    ("SpaceSpec", "activation"): {"enum": list(ACTIVATIONS)},
    ("SpaceSpec", "normalisation"): {"enum": list(NORMALISATIONS)},
    ("SpaceSpec", "cells"): {"minProperties": 1, "propertyNames": NAME_TEXT},
    ("SpaceSpec", "stages"): {"minItems": 1},
    ("Size", "channels"): COUNT,
    ("Size", "cells"): CELLS,
    ("Stem", "kind"): {"enum": list(STEMS)},
    ("Stem", "kernel"): ODD,
    ("Stem", "channels"): COUNT,
    ("CellSpec", "nodes"): {"minimum": 1, "maximum": MAX_NODES},
    ("CellSpec", "inputs"): {"enum": [1, 2]},
    ("CellSpec", "join"): {"enum": list(JOINS)},
    ("CellSpec", "operations"): {"minProperties": 1, "propertyNames": NAME_TEXT},
    ("Stage", "channels"): COUNT,
    ("Stage", "reduction_channels"): COUNT,
    # a stage without cells is a choice among others, which the schema does not tell apart
    ("Stage", "repeat"): {"minimum": 0, "maximum": MAX_CELLS},
    ("Reduction", "kind"): {"enum": list(REDUCTIONS)},
    ("Rules", "choices"): {"minItems": 1, "uniqueItems": True, "items": NAME_TEXT},
    ("Rules", "granularity"): {"enum": list(GRANULARITIES)},
}
"""By class and field. For a number or a word that may be chosen: of each choice."""

NOTES: Final[dict[tuple[str, str], str]] = {
    ("SpaceSpec", "name"): "Of the space; a shipped file has the same name.",
    ("SpaceSpec", "description"): "One sentence for lists.",
    ("SpaceSpec", "source"): "The paper the space is from.",
    ("SpaceSpec", "size"): "What a run may override.",
    ("SpaceSpec", "cells"): "The cells by name; every one must be used.",
    ("SpaceSpec", "stages"): "The stages, in the order in which the image passes them.",
    ("SpaceSpec", "activation"): "Of all blocks.",
    ("SpaceSpec", "normalisation"): "Of all blocks; with none, layers have a bias instead.",
    ("Size", "channels"): "C, the unit of all widths.",
    ("Size", "cells"): "Cells in every stage without repeat.",
    ("Stem", "channels"): "As a multiple of C; if left out, 1, or the width that stage 0 chooses.",
    ("CellSpec", "inputs"): "1: reads the block before; 2: the last two blocks.",
    ("CellSpec", "nodes"): "How many nodes are computed.",
    ("CellSpec", "graph"): "dense: a node reads all earlier nodes; {choose: k}: k of them.",
    ("CellSpec", "join"): "The output: the last node, or the sum or concatenation of all nodes.",
    ("CellSpec", "operations"): "What an edge may be, by name.",
    ("CellSpec", "fixed"): "The text of the one cell that all genomes have.",
    ("Stage", "cell"): "The name of the cell that the stage repeats.",
    ("Stage", "channels"): "As a multiple of C.",
    ("Stage", "repeat"): "How many cells; size.cells if left out.",
    ("Stage", "reduction_channels"): "Of the reduction before the stage, as a multiple of C.",
    ("Reduction", "kind"): "What halves the image between stages.",
    ("Reduction", "cell"): "With kind cell, the name of that cell.",
    ("Head", "norm"): "Normalisation and activation before the average over the image.",
    ("Rules", "choices"): "The learning rules to choose from.",
    ("Rules", "granularity"): "How much of a network shares one choice.",
}
"""What an editor shows of a key."""
