"""The rows that are best together."""

from __future__ import annotations

import numpy as np


def choose_together(count: int, scores: np.ndarray, utilities: np.ndarray) -> tuple[list[int], list[float]]:
    """Rows that add most to those chosen before, one after the other.

    A batch is worth the expectation of the best that it has: E max u over its rows, where u is what a row turns out to
    be worth. For a condition, with u = 1 where it holds, that is the probability of at least one hit; for an
    improvement, the batch expected improvement (Ginsbourger et al. 2010). The best row comes first, with its score.
    What another one adds is averaged over joint draws; where no u is negative, as a share of its score. So rows that
    have nothing in common with the batch add their exact scores.

    The worth of a batch is submodular, so the greedy choice has at least 1 - 1/e of the best possible where u is not
    negative (Nemhauser et al. 1978; for these functions Wilson et al. 2018).

    Parameters
    ----------
    count
        How many rows.
    scores
        (m,) scores, the best first.
    utilities
        (s, m) what the rows turn out to be worth at joint draws.

    Returns
    -------
    Places of the rows chosen, and what each adds.

    Examples
    --------
    >>> same = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    >>> choose_together(2, np.array([0.5, 0.5, 0.25]), same)  # the second row turns out as the first does
    ([0, 2], [0.5, 0.25])
    """
    best = utilities[:, 0]
    chosen, gains = [0], [float(scores[0])]
    free = np.ones(len(scores), dtype=bool)
    free[0] = False
    total = utilities.sum(axis=0)
    by_share = bool((utilities >= 0.0).all())
    while len(chosen) < min(count, len(scores)):
        beyond = np.maximum(utilities - best[:, None], 0.0).sum(axis=0)
        added = beyond / len(utilities)
        if by_share:
            typical = beyond.sum() / max(total.sum(), 1.0)  # of rows that are worth nothing at any draw
            added = scores * np.where(total > 0.0, beyond / np.where(total > 0.0, total, 1.0), typical)
        place = int(np.where(free, added, -np.inf).argmax())
        chosen.append(place)
        gains.append(float(added[place]))
        free[place] = False
        best = np.maximum(best, utilities[:, place])
    return chosen, gains
