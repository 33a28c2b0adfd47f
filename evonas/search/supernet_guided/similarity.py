"""The similarity of a sample to the point it was drawn around, in its value, as EG-NAS has it.

Cai et al. 2024; in the paper the term jumps by ``eta`` at the accuracy of the point, here it
passes through zero. Near copies are sought where samples are worse than the point, and shunned
where they are better.
"""

import math

from evonas.search.supernet_guided.guide_protocol import Score

ETA = 0.4
"""Weight of the similarity, in units of the loss; the paper's."""

TAU = 0.05
"""Difference of accuracies at which the similarity counts for three quarters."""


def similarity_term(
    score: Score, *, before: Score, similarity: float, eta: float = ETA, tau: float = TAU
) -> float:
    """What is added to the loss: eta tanh((accuracy - accuracy before) / tau) (s - 1/2).

    Args:
        score: score of the sample.
        before: of the point.
        similarity: similarity of the two, in [0, 1].
        eta: see :data:`ETA`.
        tau: see :data:`TAU`.
    """
    gain = math.tanh((score.accuracy - before.accuracy) / tau)
    return eta * gain * (similarity - 0.5)
