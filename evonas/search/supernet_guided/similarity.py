"""The similarity term of EG-NAS: a sample's similarity to the point it was drawn around.

Cai et al. 2024. In the paper the term jumps by ``eta`` at the accuracy of the point; here it
passes through zero. It favours near copies if samples are worse than the point, and distant ones
if they are better.
"""

import math

from evonas.search.supernet_guided.guide_protocol import Score

ETA = 0.4
"""Weight of the similarity term, in units of the loss; the paper's value."""

TAU = 0.05
"""Difference of accuracies at which the similarity counts for three quarters."""


def similarity_term(
    score: Score, *, before: Score, similarity: float, eta: float = ETA, tau: float = TAU
) -> float:
    """Return the term to add to the loss: eta tanh((accuracy - accuracy before) / tau) (s - 1/2).

    Args:
        score: score of the sample.
        before: score of the point.
        similarity: similarity of the two, s, in [0, 1].
        eta: see :data:`ETA`.
        tau: see :data:`TAU`.
    """
    gain = math.tanh((score.accuracy - before.accuracy) / tau)
    return eta * gain * (similarity - 0.5)
