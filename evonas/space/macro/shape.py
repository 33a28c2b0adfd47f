"""Values outside the cells, fixed or chosen: widths, repeats, activation, normalisation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evonas.space.genome import Gene, GeneKind
from evonas.space.keys.choices import Number, Word
from evonas.space.spec import SpaceSpec


@dataclass(frozen=True)
class Shape:
    """Values outside the cells for one genome.

    Args:
        activation: activation of the whole network.
        normalisation: normalisation of the whole network.
        numbers: every width and repeat by its name, such as ``stage0.channels``; widths as
            multiples of C.
    """

    activation: str
    normalisation: str
    numbers: dict[str, int]


def macro_genes(spec: SpaceSpec) -> tuple[Gene, ...]:
    """Return a gene for every value that genomes choose: global ones first, then by stage."""
    return tuple(
        Gene(name, tuple(map(str, choice.choices)), kind)
        for name, kind, choice in _all_choices(spec)
        if choice.is_chosen
    )


def shape_of(spec: SpaceSpec, values: Sequence[int], *, cells: int) -> Shape:
    """Return the shape that the values of the macro genes describe.

    Args:
        spec: specification of the space.
        values: values of its macro genes.
        cells: number of cells in a stage without ``repeat``.
    """
    left = iter(values)
    words: dict[str, str] = {}
    numbers = {f"stage{number}.repeat": cells for number in range(len(spec.stages))}
    for name, _, choice in _all_choices(spec):
        chosen = next(left) if choice.is_chosen else 0
        if isinstance(choice, Word):
            words[name] = choice.choices[chosen]
        else:
            numbers[name] = choice.choices[chosen]
    return Shape(words["activation"], words["normalisation"], numbers)


def largest(spec: SpaceSpec) -> tuple[int, ...]:
    """Return the macro values with the most channels and cells; first choices elsewhere."""
    return tuple(
        choice.choices.index(max(choice.choices)) if isinstance(choice, Number) else 0
        for _, _, choice in _all_choices(spec)
        if choice.is_chosen
    )


def smallest(spec: SpaceSpec) -> tuple[int, ...]:
    """Return the macro values with the fewest channels and cells; first choices elsewhere."""
    return tuple(
        choice.choices.index(min(choice.choices)) if isinstance(choice, Number) else 0
        for _, _, choice in _all_choices(spec)
        if choice.is_chosen
    )


def stem_width(spec: SpaceSpec) -> str:
    """Return the name of the stem's width: stage 0's if that is chosen and the stem has none."""
    first = spec.stages[0].channels
    return "stage0.channels" if spec.stem.channels is None and first.is_chosen else "stem.channels"


def reduction_width(spec: SpaceSpec, stage: int) -> str:
    """Return the name of the width of the reduction before a stage."""
    has_own = spec.stages[stage].reduction_channels is not None
    return f"stage{stage}.reduction_channels" if has_own else f"stage{stage}.channels"


def widths(spec: SpaceSpec, name: str) -> tuple[int, ...]:
    """Return all values of a width, by its name."""
    for known, _, choice in _all_choices(spec):
        if known == name and isinstance(choice, Number):
            return choice.choices
    raise KeyError(name)


def _all_choices(spec: SpaceSpec) -> Iterator[tuple[str, GeneKind, Number | Word]]:
    yield "activation", "activation", spec.activation
    yield "normalisation", "normalisation", spec.normalisation
    yield "stem.channels", "channels", spec.stem.channels or Number((1,))
    for number, stage in enumerate(spec.stages):
        if stage.reduction_channels is not None:
            yield f"stage{number}.reduction_channels", "channels", stage.reduction_channels
        yield f"stage{number}.channels", "channels", stage.channels
        if stage.repeat is not None:
            yield f"stage{number}.repeat", "repeat", stage.repeat
