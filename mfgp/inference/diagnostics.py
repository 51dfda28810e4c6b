"""Whether chains of draws agree, and how many independent draws they are worth."""

from __future__ import annotations

import numpy as np


def split_rhat(draws: np.ndarray) -> np.ndarray:
    """(m,) how much wider all draws together are than halves of single chains: 1 where chains agree.

    Gelman, Carlin, Stern, Dunson, Vehtari & Rubin (2013), equation 11.4, on halves of the chains.

    Parameters
    ----------
    draws
        (chains, draws, m).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draws = rng.standard_normal((4, 500, 1))
    >>> apart = draws + 2.0 * np.arange(4)[:, None, None]
    >>> split_rhat(draws).round(2).tolist(), split_rhat(apart).round(1).tolist()
    ([1.0], [2.6])
    """
    half = draws.shape[1] // 2
    parts = np.concatenate([draws[:, :half], draws[:, half : 2 * half]])
    within = parts.var(axis=1, ddof=1).mean(axis=0)
    between = parts.mean(axis=1).var(axis=0, ddof=1)
    ratio = ((half - 1) / half * within + between) / np.where(within > 0.0, within, 1.0)
    return np.where(within > 0.0, np.sqrt(ratio), np.where(between > 0.0, np.inf, 1.0))


def effective_size(draws: np.ndarray) -> np.ndarray:
    """(m,) number of independent draws with the same error of the mean.

    Autocorrelations of the chains together, summed as long as pairs of them stay positive (Geyer 1992; Gelman et al.
    2013, section 11.5).

    Parameters
    ----------
    draws
        (chains, draws, m).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> independent = rng.standard_normal((4, 500, 1))
    >>> bool(1500 < effective_size(independent)[0] <= 2000)
    True
    >>> bool(effective_size(np.repeat(independent, 10, axis=1)[:, :500])[0] < 300)
    True
    """
    chains, count, _ = draws.shape
    centred = draws - draws.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, n=2 * count, axis=1)) ** 2
    covariances = np.fft.irfft(spectrum, axis=1)[:, :count] / count
    within = covariances[:, 0].mean(axis=0) * count / (count - 1)
    between = draws.mean(axis=1).var(axis=0, ddof=1) if chains > 1 else 0.0
    total = (count - 1) / count * within + between
    correlations = 1.0 - (within - covariances.mean(axis=0)) / np.where(total > 0.0, total, 1.0)
    pairs = correlations[: count // 2 * 2].reshape(-1, 2, correlations.shape[-1]).sum(axis=1)
    kept = np.cumprod(pairs > 0.0, axis=0) * np.minimum.accumulate(pairs, axis=0)
    time = np.maximum(2.0 * kept.sum(axis=0) - 1.0, 1.0)
    return chains * count / time
