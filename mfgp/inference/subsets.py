"""Subsets of observations that stand for all of them: most of the climbing is done on these."""

from __future__ import annotations

import torch

from mfgp.data.observations import Observations


def stratified_subset(observations: Observations, size: int) -> Observations:
    """At most about `size` observations, the scarce tasks kept whole before the plentiful are thinned.

    Each task gets an equal share; what a scarce task does not use goes to the others. Observations are sorted by
    their inputs within a task, so taking them at even steps spreads the subset over the inputs and depends on nothing
    but the data.

    Examples
    --------
    >>> import numpy as np
    >>> data = Observations.gather(np.arange(10.0)[:, None], np.c_[np.ones(10), [1.0, 1.0] + [np.nan] * 8], None)
    >>> stratified_subset(data, 6).counts(2).tolist()
    [4, 2]
    """
    counts = torch.bincount(observations.task).tolist()
    if len(observations) <= size:
        return observations
    shares = _shares(counts, size)
    chosen, start = [], 0
    for count, share in zip(counts, shares, strict=True):
        steps = torch.arange(share, dtype=torch.float64) * (count / max(share, 1))
        chosen.append(start + steps.long())
        start += count
    return observations.take(torch.cat(chosen).to(observations.task.device))


def _shares(counts: list[int], size: int) -> list[int]:
    shares = [0] * len(counts)
    left = size
    for place, task in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        shares[task] = min(counts[task], max(left // (len(counts) - place), 1))
        left -= shares[task]
    return shares
