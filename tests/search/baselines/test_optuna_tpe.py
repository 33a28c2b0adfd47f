"""The engine ``optuna``: its own proposals, before the base class drops repeats and fills gaps."""

from collections.abc import Callable

import pytest

from evonas.search.problem import SearchProblem

pytest.importorskip("optuna")


def test_estimators_propose_only_new_genomes(toy: Callable[..., SearchProblem]) -> None:
    from evonas.search.baselines.optuna_tpe import OptunaTpe

    problem = toy(num_sites=5, num_operations=3)
    search = OptunaTpe(problem, population=6, num_objectives=2, seed=0)
    num_proposed = 0
    for _ in range(8):
        asked = search.ask(6)
        search.tell(asked, [(float(sum(g.values)), float(g.values[0])) for g in asked])
        search.tell(last := search.ask(1), [(9.0, 9.0)] * len(last))  # learns the results above
        proposed = search._propose(6)
        num_proposed += len(proposed)
        assert not any(search.has_asked(problem.key(genome)) for genome in proposed)
    assert num_proposed > 10  # it proposes many genomes repeatedly
