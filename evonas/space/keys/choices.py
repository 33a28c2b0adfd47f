"""A value that is fixed, or chosen by each genome: ``16`` or ``{choose: [8, 16, 24]}``."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cattrs

from evonas.errors import show
from evonas.schema import ProblemsError
from evonas.space.keys.problems import KeyProblem, not_one_of, out_of_range

ACTIVATIONS: Final = ("relu", "gelu", "silu", "tanh", "leaky_relu")
NORMALISATIONS: Final = ("batch", "group", "layer", "none")


@dataclass(frozen=True)
class Number:
    """A whole number, or several to choose from.

    Args:
        choices: one or more distinct numbers, in the order of the YAML.
    """

    choices: tuple[int, ...]

    @property
    def is_chosen(self) -> bool:
        """Whether genomes differ in it."""
        return len(self.choices) > 1

    def problems(self, path: str, *, least: int = 1, most: int = 10**6) -> Iterator[KeyProblem]:
        """Yield choices out of range."""
        for below, number in _paths(path, self.choices):
            yield from out_of_range(below, number, least=least, most=most)


@dataclass(frozen=True)
class Word:
    """One of a set of known words, or several of them to choose from.

    Args:
        choices: one or more distinct words, in the order of the YAML.
    """

    choices: tuple[str, ...]

    @property
    def is_chosen(self) -> bool:
        """Whether genomes differ in it."""
        return len(self.choices) > 1

    def problems(self, path: str, *, known: tuple[str, ...]) -> Iterator[KeyProblem]:
        """Yield unknown choices."""
        for below, word in _paths(path, self.choices):
            yield from not_one_of(below, word, known)


Value = TypeVar("Value", int, str)
Choice = TypeVar("Choice", Number, Word)


def _paths(path: str, choices: Sequence[Value]) -> Iterator[tuple[str, Value]]:
    if len(choices) == 1:
        yield path, choices[0]
    else:
        yield from ((f"{path}.choose[{n}]", choice) for n, choice in enumerate(choices))


def read_choices(converter: cattrs.Converter) -> None:
    """Teach ``converter`` that a number or a word may be a mapping ``{choose: [...]}``."""
    converter.register_structure_hook(Number, _reader(Number, int, "a whole number"))
    converter.register_structure_hook(Word, _reader(Word, str, "a text"))


def _reader(
    kind: Callable[[tuple[Any, ...]], Choice], primitive: type, phrase: str
) -> Callable[[Any, type[Choice]], Choice]:
    def read(value: Any, _: type[Choice]) -> Choice:
        if type(value) is primitive:
            return kind((value,))
        if not (isinstance(value, dict) and list(value) == ["choose"]):
            raise ValueError(f"expected {phrase} or {{choose: [...]}}, got {show(value)}")
        choices = value["choose"]
        if not isinstance(choices, list) or not choices:
            raise ProblemsError([(".choose", f"expected a list of choices, got {show(choices)}")])
        problems = [
            (f".choose[{number}]", f"expected {phrase}, got {show(choice)}")
            if type(choice) is not primitive
            else (f".choose[{number}]", f"{show(choice)} is given twice")
            for number, choice in enumerate(choices)
            if type(choice) is not primitive or choice in choices[:number]
        ]
        if problems:
            raise ProblemsError(problems)
        return kind(tuple(choices))

    return read
