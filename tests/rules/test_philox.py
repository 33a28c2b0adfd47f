"""Oracles: the published known answers of Random123, and Philox in Python's integers."""

import pytest
import torch

from evonas.rules.philox import philox, uniform

KNOWN_ANSWERS = [  # counter, key, output; Random123, kat_vectors, philox4x32 10
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def literal_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox-4x32-10 as Salmon et al. 2011 write it, one counter at a time."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            second >> 32 ^ c[1] ^ k[0],
            second & 0xFFFFFFFF,
            first >> 32 ^ c[3] ^ k[1],
            first & 0xFFFFFFFF,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN_ANSWERS)
def test_philox_matches_published_answers(counter: str, key: str, output: str) -> None:
    first, second = words(key)
    found = philox(torch.tensor(words(counter)).unbind(), key=(first, second))
    assert [word.item() for word in found] == words(output)


def test_philox_matches_python_integers(generator: torch.Generator) -> None:
    counter = torch.randint(0, 2**32, (4, 50), generator=generator)
    found = torch.stack(philox(counter.unbind(), key=(0xDEADBEEF, 0x12345678)))
    expected = [literal_philox(c, [0xDEADBEEF, 0x12345678]) for c in counter.t().tolist()]
    assert found.t().tolist() == expected


def test_number_depends_only_on_its_address() -> None:
    seed, layer, step, stream = 2**40 + 7, 3, 9, 1
    found = uniform(10, seed=seed, layer=layer, steps=range(step, step + 1), stream=stream)[0]
    for element in range(10):
        block = literal_philox([element // 4, layer, step, stream], [7, 2**8])
        assert found[element].item() == (block[element % 4] >> 8) * 2.0**-23 - 1.0


def test_steps_drawn_ahead_equal_steps_drawn_singly() -> None:
    ahead = uniform(7, seed=1, layer=2, steps=range(4, 9))
    alone = torch.cat([uniform(7, seed=1, layer=2, steps=range(s, s + 1)) for s in range(4, 9)])
    assert torch.equal(ahead, alone)


@pytest.mark.parametrize("changed", ["seed", "high seed", "layer", "steps", "stream"])
def test_every_part_of_address_changes_the_numbers(changed: str) -> None:
    def draw(seed: int = 1, layer: int = 1, step: int = 1, stream: int = 0) -> torch.Tensor:
        return uniform(64, seed=seed, layer=layer, steps=range(step, step + 1), stream=stream)

    other = {
        "seed": draw(seed=2),
        "high seed": draw(seed=1 + 2**32),
        "layer": draw(layer=2),
        "steps": draw(step=2),
        "stream": draw(stream=1),
    }[changed]
    assert (draw() == other).sum() == 0


def test_numbers_are_uniform_on_minus_one_to_one() -> None:
    count = 200_000
    numbers = uniform(count, seed=11, layer=0, steps=range(1))[0]
    assert -1.0 <= numbers.min() < -0.9999
    assert 0.9999 < numbers.max() < 1.0
    assert abs(numbers.mean()) < 5 / (3 * count) ** 0.5
    assert abs(numbers.square().mean() - 1 / 3) < 5 * (4 / 45 / count) ** 0.5
    neighbours = (numbers[:-1] * numbers[1:]).mean()
    assert abs(neighbours) < 5 / 3 / count**0.5


def test_float32_holds_numbers_exactly() -> None:
    numbers = uniform(1000, seed=3, layer=0, steps=range(1))
    assert torch.equal(numbers.float().double(), numbers)


@pytest.mark.gpu
def test_numbers_on_gpu_equal_numbers_on_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    on_cpu = uniform(1001, seed=3, layer=1, steps=range(2, 5))
    assert torch.equal(
        uniform(1001, seed=3, layer=1, steps=range(2, 5), device="cuda").cpu(), on_cpu
    )
