"""Value ranges and descriptions of the YAML keys, for its JSON schema."""

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
    # 0 is only valid as one of several choices, which the schema does not distinguish
    ("Stage", "repeat"): {"minimum": 0, "maximum": MAX_CELLS},
    ("Reduction", "kind"): {"enum": list(REDUCTIONS)},
    ("Rules", "choices"): {"minItems": 1, "uniqueItems": True, "items": NAME_TEXT},
    ("Rules", "granularity"): {"enum": list(GRANULARITIES)},
}
"""Ranges by class and field. For a number or word that may be chosen: of each choice."""

NOTES: Final[dict[tuple[str, str], str]] = {
    ("SpaceSpec", "name"): "Name of the space; a shipped file has the same name.",
    ("SpaceSpec", "description"): "One sentence for lists.",
    ("SpaceSpec", "source"): "Paper that the space is from.",
    ("SpaceSpec", "size"): "Default size, which a run may override.",
    ("SpaceSpec", "cells"): "Cells by name; every one must be used.",
    ("SpaceSpec", "stages"): "Stages, in the order in which the image passes them.",
    ("SpaceSpec", "activation"): "Activation of all blocks.",
    ("SpaceSpec", "normalisation"): "Normalisation of all blocks; with none, layers have a bias.",
    ("Size", "channels"): "C, the unit of all widths.",
    ("Size", "cells"): "Number of cells in every stage without repeat.",
    ("Stem", "channels"): "Multiple of C; by default 1, or the width that stage 0 chooses.",
    ("CellSpec", "inputs"): "1: reads the block before; 2: the last two blocks.",
    ("CellSpec", "nodes"): "Number of computed nodes.",
    ("CellSpec", "graph"): "dense: a node reads all earlier nodes; {choose: k}: k of them.",
    ("CellSpec", "join"): "The output: the last node, or the sum or concatenation of all nodes.",
    ("CellSpec", "operations"): "Operations that an edge may have, by name.",
    ("CellSpec", "fixed"): "Text of the one cell that all genomes share.",
    ("Stage", "cell"): "Name of the cell that the stage repeats.",
    ("Stage", "channels"): "Multiple of C.",
    ("Stage", "repeat"): "Number of cells; size.cells by default.",
    ("Stage", "reduction_channels"): "Multiple of C for the reduction before the stage.",
    ("Reduction", "kind"): "What halves the image between stages.",
    ("Reduction", "cell"): "Name of the reduction cell, with kind cell.",
    ("Head", "norm"): "Normalisation and activation before the average over the image.",
    ("Rules", "choices"): "Learning rules to choose from.",
    ("Rules", "granularity"): "How much of a network shares one choice.",
}
"""Descriptions of the keys, which editors display."""
