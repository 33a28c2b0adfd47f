"""Allowed values of keys beyond their types, for the JSON schema of the YAML."""

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
    # a stage without cells is one choice among others, which the schema cannot distinguish
    ("Stage", "repeat"): {"minimum": 0, "maximum": MAX_CELLS},
    ("Reduction", "kind"): {"enum": list(REDUCTIONS)},
    ("Rules", "choices"): {"minItems": 1, "uniqueItems": True, "items": NAME_TEXT},
    ("Rules", "granularity"): {"enum": list(GRANULARITIES)},
}
"""By class and field. For a number or a word that may be chosen: of each choice."""

NOTES: Final[dict[tuple[str, str], str]] = {
    ("SpaceSpec", "name"): "Name of the space; a shipped file is named after it.",
    ("SpaceSpec", "description"): "Description in one sentence, for lists.",
    ("SpaceSpec", "source"): "The paper that introduced the space.",
    ("SpaceSpec", "size"): "Default size; a run may override it.",
    ("SpaceSpec", "cells"): "The cells by name; every one must be used.",
    ("SpaceSpec", "stages"): "The stages, from input to output.",
    ("SpaceSpec", "activation"): "Activation of all blocks.",
    (
        "SpaceSpec",
        "normalisation",
    ): "Normalisation of all blocks; none: layers have a bias.",
    ("Size", "channels"): "C, the unit of all widths.",
    ("Size", "cells"): "Cells in every stage without repeat.",
    (
        "Stem",
        "channels",
    ): "Width as a multiple of C; default: 1, or that of stage 0.",
    ("CellSpec", "inputs"): "1: reads the previous block; 2: the last two blocks.",
    ("CellSpec", "nodes"): "Number of computed nodes.",
    ("CellSpec", "graph"): "dense: a node reads all earlier nodes; {choose: k}: k of them.",
    ("CellSpec", "join"): "The output: the last node, or the sum or concatenation of all nodes.",
    ("CellSpec", "operations"): "The operations an edge may have, by name.",
    ("CellSpec", "fixed"): "The text of the cell, if it is fixed for all genomes.",
    ("Stage", "cell"): "The name of the cell that the stage repeats.",
    ("Stage", "channels"): "Width as a multiple of C.",
    ("Stage", "repeat"): "Number of cells; default: size.cells.",
    (
        "Stage",
        "reduction_channels",
    ): "Width of the reduction before it, as a multiple of C.",
    ("Reduction", "kind"): "What halves the image between stages.",
    ("Reduction", "cell"): "With kind cell, the name of that cell.",
    ("Head", "norm"): "Normalisation and activation before the average over the image.",
    ("Rules", "choices"): "The learning rules to choose from.",
    ("Rules", "granularity"): "Which part of a network shares one choice of rule.",
}
"""The description of a key in editors."""
