"""Seeds depend on all their parts and on nothing else."""

import os
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.seeds import SEED_BITS, derive_seed

parts = st.lists(st.one_of(st.integers(), st.text("ab:1\x1f", max_size=4)), max_size=4)


@settings(deadline=None)
@given(first=parts, second=parts)
def test_different_parts_give_different_seeds(
    first: list[int | str], second: list[int | str]
) -> None:
    same = [(type(part), part) for part in first] == [(type(part), part) for part in second]
    assert (derive_seed(*first) == derive_seed(*second)) == same


@settings(deadline=None)
@given(parts=parts)
def test_seed_fits_signed_64_bit_integer(parts: list[int | str]) -> None:
    assert 0 <= derive_seed(*parts) < 2**SEED_BITS <= 2**63


def test_each_bit_of_neighbouring_seeds_flips_half_the_time() -> None:
    count = 2000
    flips = [derive_seed(n, "training") ^ derive_seed(n + 1, "training") for n in range(count)]
    for bit in range(SEED_BITS):
        ones = sum(flip >> bit & 1 for flip in flips)
        assert abs(ones - count / 2) < 5 * (count / 4) ** 0.5


def test_seed_is_equal_in_a_different_process() -> None:
    code = "from evonas.seeds import derive_seed; print(derive_seed(3, 'abc', 'training'))"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(run.stdout) == derive_seed(3, "abc", "training")


def test_seeds_of_earlier_studies_are_unchanged() -> None:
    # printf 'int:1:0str:16:0123456789abcdefstr:8:training' | b2sum -l 64
    assert derive_seed(0, "0123456789abcdef", "training") == 0x1BCC40AE18BB6D3D >> 1
