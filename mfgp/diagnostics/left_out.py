"""Values that were left out in turn, with the joint distribution of their standardised errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.sparse import csr_array

from mfgp.inference import ExactPosterior
from mfgp.inference.evidence import inverse_of_factor

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeftOutValues:
    """N values, each with what the others say of a measurement of it.

    Parameters
    ----------
    row, latent
        (N,) row and latent of each.
    truth, mean, std
        (N,) the value, and the mean and deviation that the others predict, noise included.
    correlation
        (N, N) correlation of the standardised errors z, each of which is standard normal if the model is right.
    """

    row: NDArray[np.intp]
    latent: NDArray[np.intp]
    truth: Array
    mean: Array
    std: Array
    correlation: Array

    @property
    def z(self) -> Array:
        """(N,) standardised errors."""
        return (self.truth - self.mean) / self.std

    def __len__(self) -> int:
        return len(self.row)

    def take(self, places: NDArray[np.intp]) -> LeftOutValues:
        """Some of the values."""
        return LeftOutValues(
            self.row[places],
            self.latent[places],
            self.truth[places],
            self.mean[places],
            self.std[places],
            self.correlation[places][:, places],
        )

    def of(self, latents: NDArray[np.intp] | Sequence[int]) -> LeftOutValues:
        """The values of some of the latents."""
        return self.take(np.flatnonzero(np.isin(self.latent, latents)))

    def in_units(self, means: Array, stdvs: Array) -> LeftOutValues:
        """Standardised values in the units of their latents."""
        shift, scale = means[self.latent], stdvs[self.latent]
        return replace(self, truth=self.truth * scale + shift, mean=self.mean * scale + shift, std=self.std * scale)

    @property
    def effective_number(self) -> float:
        """How many independent errors would give a mean square as uncertain as these do: N^2 / sum of R^2.

        With z normal of correlation R, the sum of squares has the mean N and the variance 2 sum of R^2, so that the
        effective number times the mean square is nearly chi-squared with as many degrees of freedom (Satterthwaite
        1946, Biometrics Bulletin 2, 110).
        """
        return len(self) ** 2 / float(np.square(self.correlation).sum()) if len(self) else 0.0

    @classmethod
    def joined(cls, several: Sequence[LeftOutValues]) -> LeftOutValues:
        """Those of several independent models together."""
        return cls(
            np.concatenate([each.row for each in several]),
            np.concatenate([each.latent for each in several]),
            np.concatenate([each.truth for each in several]),
            np.concatenate([each.mean for each in several]),
            np.concatenate([each.std for each in several]),
            block_diag(*(each.correlation for each in several)),
        )


def values_left_out(
    posterior: ExactPosterior, group: NDArray[np.intp], row: NDArray[np.intp], latent: NDArray[np.intp]
) -> LeftOutValues:
    """Standardised values, each predicted without the values of its group, as :func:`mfgp.inference.left_out` does.

    With A the inverse covariance and B its blocks of the groups, the errors are B^-1 A y, so that z = D A y with the
    blocks B^-1 scaled to a unit diagonal of D A D^T, which is its correlation.

    Parameters
    ----------
    posterior
        Of all observations.
    group, row, latent
        (N,) group, row and latent of each observation.
    """
    inverse = inverse_of_factor(posterior.lower).cpu().numpy()
    labels = np.unique(group, return_inverse=True)[1]
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    blocks = [np.linalg.inv(inverse[np.ix_(several, several)]) for several in members]
    deviation = np.empty(len(group))
    for several, block in zip(members, blocks, strict=True):
        deviation[several] = np.sqrt(np.diagonal(block))
    places = [np.broadcast_arrays(several[:, None], several) for several in members]
    first, second = (np.concatenate([pair[side].ravel() for pair in places]) for side in (0, 1))
    entries = np.concatenate([block.ravel() for block in blocks]) / deviation[first]
    scaled = csr_array((entries, (first, second)), shape=inverse.shape)
    truth = posterior.observations.y.cpu().numpy()
    z = scaled @ posterior.weights.cpu().numpy()
    correlation = scaled @ (scaled @ inverse).T
    return LeftOutValues(row, latent, truth, truth - z * deviation, deviation, correlation)
