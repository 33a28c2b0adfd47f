"""The normalisation of a hypervolume, as text."""

from collections.abc import Sequence

from evonas.search.pareto import REFERENCE, Normaliser


def describe_normaliser(
    normaliser: Normaliser, *, names: Sequence[str], signs: Sequence[float]
) -> str:
    """``ideal acc 0.9, params 100; nadir acc 0.5, params 900; reference 1.1``.

    Args:
        normaliser: normaliser of minimised vectors.
        names: names of the objectives.
        signs: for each -1 where it is maximised, so that it is shown as measured.
    """
    ideal, nadir = (
        ", ".join(
            f"{name} {sign * value:g}"
            for name, sign, value in zip(names, signs, ends, strict=True)
        )
        for ends in (normaliser.ideal, normaliser.nadir)
    )
    return f"ideal {ideal}; nadir {nadir}; reference {REFERENCE:g}"
