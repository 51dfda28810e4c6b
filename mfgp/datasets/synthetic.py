"""A multi-fidelity problem whose truth is known at every fidelity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import qmc

from mfgp.errors import ColumnError, DataError, ParameterError

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Synthetic:
    """Functions of the same inputs, one a task, from which samples can be drawn.

    Parameters
    ----------
    name
        Of the problem.
    bounds
        Lower and upper bound of each input by its name, in natural units.
    functions
        One function a task by its name, low fidelity first: inputs (n, d) in natural units to values (n,).
    source
        The papers that the functions were taken from.

    Examples
    --------
    >>> line = Synthetic("line", {"x": (0.0, 2.0)}, {"low": lambda x: x[:, 0], "high": lambda x: 3 * x[:, 0]}, "none")
    >>> line.inputs, line.tasks
    (['x'], ['low', 'high'])
    >>> line.truth(pd.DataFrame({"x": [0.5, 2.0]}))
       low  high
    0  0.5   1.5
    1  2.0   6.0
    """

    name: str
    bounds: Mapping[str, tuple[float, float]]
    functions: Mapping[str, Callable[[Array], Array]]
    source: str

    @property
    def inputs(self) -> list[str]:
        """Names of the d inputs."""
        return list(self.bounds)

    @property
    def tasks(self) -> list[str]:
        """Names of the T tasks, low fidelity first."""
        return list(self.functions)

    def truth(self, X: pd.DataFrame) -> pd.DataFrame:
        """Every task at every row, without noise.

        Parameters
        ----------
        X
            (n, d) frame with the inputs as columns, in any order, in natural units and within the bounds.

        Returns
        -------
        (n, T) frame with the index of X and one column a task.

        Raises
        ------
        ColumnError
            An input is missing.
        DataError
            A value is not a number or lies outside the bounds.

        Examples
        --------
        >>> from mfgp.datasets import forrester
        >>> forrester.truth(pd.DataFrame({"x": [0.757249]})).round(6)
                low     high
        0 -5.43788 -6.02074
        """
        missing = [name for name in self.inputs if name not in X.columns]
        if missing:
            raise ColumnError(f"X lacks the inputs {missing} of {self.name}; give all of {self.inputs}")
        x = X[self.inputs].to_numpy(dtype=float)
        low, high = np.array(list(self.bounds.values()), dtype=float).T
        slack = 1e-9 * (high - low)
        outside = ~((x >= low - slack) & (x <= high + slack))
        if outside.any():
            row, column = np.argwhere(outside)[0]
            raise DataError(
                f"{self.name}: {self.inputs[column]}={x[row, column]:g} in row {X.index[row]!r} lies outside "
                f"[{low[column]:g}, {high[column]:g}]; keep every input within Synthetic.bounds"
            )
        return pd.DataFrame({task: function(x) for task, function in self.functions.items()}, index=X.index)

    def sample(
        self,
        sizes: Mapping[str, int],
        *,
        noise: float | Mapping[str, float] = 0.0,
        nested: bool = False,
        random_state: int | np.random.Generator | None = None,
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Latin hypercube designs, one a task, and what is observed there.

        Parameters
        ----------
        sizes
            How many observations of each task; a task left out is not among the columns of Y.
        noise
            Standard deviation of the normal noise on the observations, in the units of the values: one for all tasks
            or one a task (zero where left out).
        nested
            False: each task has a design and rows of its own. True: every row of a higher fidelity is a row of each
            lower one too, in the place of the nearest point of the lower fidelity's design (Le Gratiet, PhD thesis,
            Universite Paris-Diderot, 2013).
        random_state
            Seed or generator.

        Returns
        -------
        X
            (n, d) frame of inputs in natural units.
        Y
            (n, T) frame with the same rows, NaN where a task is not observed.

        Raises
        ------
        ParameterError
            An unknown task, a size below one, a negative noise, or nested sizes that grow with fidelity.

        Examples
        --------
        >>> from mfgp.datasets import forrester
        >>> X, Y = forrester.sample({"low": 21, "high": 5}, random_state=0)
        >>> X.shape, Y.notna().sum().to_dict()
        ((26, 1), {'low': 21, 'high': 5})
        >>> X, Y = forrester.sample({"low": 21, "high": 5}, nested=True, random_state=0)
        >>> X.shape, len(Y.dropna())
        ((21, 1), 5)
        """
        counts = self._checked_sizes(sizes, nested)
        deviations = self._checked_noise(noise)
        rng = np.random.default_rng(random_state)
        designs = {task: qmc.LatinHypercube(len(self.bounds), rng=rng).random(n) for task, n in counts.items()}
        points, observed = _nest(designs) if nested else _stack(designs)
        low, high = np.array(list(self.bounds.values()), dtype=float).T
        X = pd.DataFrame(qmc.scale(points, low, high), columns=self.inputs)
        Y = self.truth(X)[list(counts)]
        for task in counts:
            Y[task] += deviations[task] * rng.standard_normal(len(Y))
        return X, Y.where(observed)

    def _checked_sizes(self, sizes: Mapping[str, int], nested: bool) -> dict[str, int]:
        self._check_tasks("sizes", sizes)
        counts = {task: sizes[task] for task in self.tasks if task in sizes}
        if not counts or any(n < 1 for n in counts.values()):
            raise ParameterError(f"sizes={dict(sizes)}, expected a task or several, each with one observation or more")
        if nested and sorted(counts.values(), reverse=True) != list(counts.values()):
            raise ParameterError(
                f"sizes={counts} grow with fidelity (low first: {self.tasks}), so that the rows of a higher one cannot "
                "be rows of a lower one; write smaller sizes for higher fidelities, or nested=False"
            )
        return counts

    def _checked_noise(self, noise: float | Mapping[str, float]) -> dict[str, float]:
        if isinstance(noise, Mapping):
            self._check_tasks("noise", noise)
            deviations = {task: noise.get(task, 0.0) for task in self.tasks}
        else:
            deviations = dict.fromkeys(self.tasks, noise)
        if not all(0 <= deviation < np.inf for deviation in deviations.values()):
            raise ParameterError(f"noise={noise} is a standard deviation; write zero or a positive number")
        return deviations

    def _check_tasks(self, parameter: str, given: Mapping[str, object]) -> None:
        unknown = [task for task in given if task not in self.functions]
        if unknown:
            raise ParameterError(f"{parameter} names {unknown}; the tasks of {self.name} are {self.tasks}")


def _stack(designs: Mapping[str, Array]) -> tuple[Array, NDArray[np.bool_]]:
    """Points of all designs one below the other, and which task (column) is observed at which of them."""
    owner = np.repeat(np.arange(len(designs)), [len(design) for design in designs.values()])
    return np.vstack(list(designs.values())), owner[:, None] == np.arange(len(designs))


def _nest(designs: Mapping[str, Array]) -> tuple[Array, NDArray[np.bool_]]:
    """Points of the largest design, the rows of each smaller one first, and which task is observed at which of them."""
    sizes = [len(design) for design in designs.values()]
    points = np.empty((0, 0))
    for design in reversed(list(designs.values())):
        if points.size:
            _, nearest = linear_sum_assignment(cdist(points, design))
            points = np.vstack([points, np.delete(design, nearest, axis=0)])
        else:
            points = design
    return points, np.arange(len(points))[:, None] < np.array(sizes)
