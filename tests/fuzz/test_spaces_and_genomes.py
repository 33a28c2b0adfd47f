"""Fuzzed space files and genome texts are accepted, or rejected with a documented error."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evonas.errors import GenomeError, SpaceError
from evonas.space import Space, from_data, load, shipped, source_text
from evonas.strict_yaml import parse_yaml
from tests.fuzz.inputs import ODD, broken, check_refusal, documents, fuzzed, seeds

TEXTS = {name: source_text(name) for name in shipped()}
WORDS = sorted({word for text in TEXTS.values() for word in text.replace(",", " ").split()})
MAX_GENES = 2000  # larger spaces are loaded, but no genomes are drawn from them


def holds_or_refuses(make: Callable[[], Space], rng: random.Random) -> bool:
    """Whether the space is valid; if so, a genome must round-trip through text."""
    try:
        space = make()
    except SpaceError as problem:
        check_refusal(problem)
        return False
    if len(space.genes) <= MAX_GENES:
        genome = space.canonical(space.sample(rng))
        assert space.parse(space.format(genome)) == genome
        assert space.key(genome)
    return True


@fuzzed
@given(seed=seeds, name=st.sampled_from(sorted(TEXTS)), whole=documents, form=st.integers(0, 9))
def test_fuzzed_space_file_is_read_or_rejected(
    seed: int, name: str, whole: Any, form: int
) -> None:
    rng = random.Random(seed)
    if form == 0:
        holds_or_refuses(lambda: from_data(whole, where="fuzz"), rng)
    elif form < 4:  # well-formed YAML with one part replaced
        data = parse_yaml(TEXTS[name], where=name)
        holder, key = rng.choice(list(places(data)))
        holder[key] = rng.choice((whole, rng.choice(ODD), rng.choice((0, -1, 2**70, 1.5, 1000))))
        holds_or_refuses(lambda: from_data(data, where="fuzz"), rng)
    else:
        text = broken(TEXTS[name], rng=rng, others=WORDS)
        holds_or_refuses(lambda: from_data(parse_yaml(text, where="fuzz"), where="fuzz"), rng)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a document, as its container and key."""
    inside = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(inside):
        yield data, key
        if isinstance(value, dict | list):
            yield from places(value)


SPACES = [load(name) for name in shipped()]


@fuzzed
@given(seed=seeds, space=st.sampled_from(SPACES), any_text=st.text(max_size=60))
def test_fuzzed_genome_text_is_read_or_rejected(seed: int, space: Space, any_text: str) -> None:
    rng = random.Random(seed)
    names = [choice for gene in space.genes for choice in gene.choices]
    text = space.format(space.sample(rng))
    text = any_text if rng.random() < 0.1 else broken(text, rng=rng, others=names)
    try:
        genome = space.parse(text)
    except GenomeError as problem:
        check_refusal(problem)
        return
    assert space.parse(space.format(space.canonical(genome))) == space.canonical(genome)
