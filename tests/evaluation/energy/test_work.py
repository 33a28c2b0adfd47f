"""Energy of operations; oracles: the published table, and a count of Philox's rounds."""

import pytest

from evonas.evaluation.energy.work import NOTHING, Picojoules, Work, moved, multiply_adds


def test_energy_table_matches_published_values() -> None:
    # Horowitz 2014, Fig. 1.1.9: floats of 32 bits; Han et al. 2015, Table 1: a word from DRAM
    cost = Picojoules()
    assert (cost.multiplication, cost.addition, cost.word) == (3.7, 0.9, 640.0)
    assert (cost.integer_multiplication, cost.integer_addition) == (3.1, 0.1)


def test_random_number_energy_is_a_quarter_of_philox() -> None:
    # a round: two products, two xors of three operands, two additions to the key
    assert Picojoules().random_number == pytest.approx(10 * (2 * 3.1 + 4 * 0.1 + 2 * 0.1) / 4)


def test_energy_is_summed_over_operations() -> None:
    work = multiply_adds(1e6) + moved(1000) + Work(random_numbers=10)
    expected = 1e6 * 4.6 + 1000 * 640 + 10 * 17
    assert work.microjoules() == pytest.approx(expected * 1e-6)
    own = Picojoules(multiplication=1.0, addition=0.0, word=5.0, integer_multiplication=0.0)
    assert (multiply_adds(1e6) + moved(1000)).microjoules(own) == pytest.approx(1.005)


def test_work_supports_addition_and_multiplication() -> None:
    work = Work(1, 2, 3, 4)
    assert work + work == work * 2
    assert NOTHING + work == work
