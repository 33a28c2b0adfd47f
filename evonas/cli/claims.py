"""Claimed and confirmed values in one line."""

import statistics
from collections.abc import Mapping, Sequence

from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmed import Confirmed


def claim_and_confirmation(chosen: Sequence[Candidate], confirmed: Mapping[str, Confirmed]) -> str:
    """One line: means over the front, as claimed by the search and as confirmed."""
    known = [(c, confirmed[c.key]) for c in chosen if c.key in confirmed]
    pairs = [(c, found) for c, found in known if found.means]
    if not known:  # a longer search has found a new front since
        return "no network of the front was confirmed: the confirmed ones are not on it any more"
    if not pairs:
        return "the front could not be confirmed: all fresh trainings failed or collapsed"
    names = [name for name in pairs[0][1].means if not name.startswith("test_")]
    claimed = [
        f"{name} {statistics.fmean(c.values[name] for c, _ in pairs):.4f}"
        for name in names
        if all(name in c.values for c, _ in pairs)
    ]
    confirmations = [
        f"{name} {statistics.fmean(found.means[name] for _, found in pairs):.4f}" for name in names
    ]
    of = "" if len(pairs) == len(chosen) else f"{len(pairs)} of {len(chosen)} networks of "
    return (
        f"mean over {of}the front: the search claimed {', '.join(claimed)}; confirmed: "
        f"{', '.join(confirmations)}"
    )
