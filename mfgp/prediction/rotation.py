"""Rotations of a row's standard normals, after which the first of them carries most of a function's variation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfgp.inference.nodes import sobol_normals
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.quadrature import blocks

POINTS = 64


def rotated(
    prediction: NormalPrediction, values: Callable[[NormalPrediction, np.ndarray], np.ndarray]
) -> NormalPrediction:
    """The same distribution, drawn such that a function of it varies along the first normal above all.

    Whether a value is below a bound is a step in the normals. Quasi-random points are much better at steps across an
    axis than at oblique ones; compare the linear transformation of Imai & Tan (2006, J. Comput. Finance 10, 129). The
    direction is that of the function's regression on the normals, from a few points of their own.

    Parameters
    ----------
    prediction
        The joint distribution of the tasks that the function uses.
    values
        Values (r, s) of the function at r rows, for standard normals (s, T).
    """
    normals = sobol_normals(POINTS, prediction.dimension).numpy()
    slopes = np.empty_like(prediction.means)
    for rows in blocks(np.arange(len(prediction)), normals.size):
        found = values(prediction.take(rows), normals)
        valid = np.isfinite(found)
        found = np.where(valid, found, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            centre = found.sum(axis=1, keepdims=True) / valid.sum(axis=1, keepdims=True).clip(1)
            slopes[rows] = np.where(valid, found - centre, 0.0) @ normals
    return prediction.turned(reflections(slopes))


def reflections(directions: np.ndarray) -> np.ndarray:
    """Orthogonal matrices (n, d, d) whose first columns are along directions (n, d); any, where there is none.

    They are Householder's reflections.

    Examples
    --------
    >>> abs(reflections(np.array([[3.0, 4.0]]))[0, :, 0]).round(3)
    array([0.6, 0.8])
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    unit = np.where(np.isfinite(unit).all(axis=1, keepdims=True), unit, np.eye(directions.shape[1])[0])
    normal = unit.copy()
    normal[:, 0] += np.copysign(1.0, unit[:, 0])
    outer = normal[:, :, None] * normal[:, None, :]
    return np.eye(directions.shape[1]) - 2.0 * outer / np.square(normal).sum(axis=1)[:, None, None]
