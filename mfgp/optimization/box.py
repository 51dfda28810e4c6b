"""Boxes: spaces in which each input may be anything in a range, or one of some categories."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from numbers import Real
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import pandas as pd
from scipy.stats import qmc

from mfgp.data.table import listed
from mfgp.errors import DataError, DataTypeError, ParameterError
from mfgp.expressions import Condition
from mfgp.optimization.inputs import holds
from mfgp.optimization.points import ROUNDING
from mfgp.optimization.spread import coordinates

Variable: TypeAlias = "tuple[float, float] | range | tuple[str, ...]"

MOST_TRIED = 1 << 17  # points of the sequence that are looked at before a space counts as all but empty


class Box:
    """Inputs that may be chosen freely, each from a range or a list.

    Parameters
    ----------
    variables
        For each input: a tuple of two numbers for all numbers between them, a range for whole numbers, or a list of
        text for categories.
    conditions
        Conditions on inputs that points have to meet.

    Raises
    ------
    DataTypeError
        What is given is no mapping, or a variable is none of the three.
    ParameterError
        There is no variable, or one has no width, no two levels, or a level twice.
    ColumnError
        A condition names what is no input.

    Examples
    --------
    >>> box = Box({"radius": (0.5, 2.0), "layers": range(1, 6), "metal": ["Cu", "Ni"]})
    >>> box
    Box(radius=(0.5, 2.0), layers=range(1, 6), metal=('Cu', 'Ni'))
    >>> box.from_unit(np.array([[0.0, 0.5, 0.99]]))
       radius  layers metal
    0     0.5     3.0    Ni
    """

    def __init__(self, variables: Mapping[Hashable, Any], conditions: Iterable[Condition] = ()) -> None:
        if not isinstance(variables, Mapping):
            raise DataTypeError(
                f"a box is made of a mapping, but a {type(variables).__name__} came: write Box({{'radius': (0.5, 2.0), "
                "'metal': ['Cu', 'Ni']})"
            )
        if not variables:
            raise ParameterError("the box has no input; write Box({'radius': (0.5, 2.0)})")
        self.variables: dict[Hashable, Variable] = {name: _variable(name, value) for name, value in variables.items()}
        self.levels: dict[Hashable, tuple[str, ...]] = {
            name: value for name, value in self.variables.items() if _is_levels(value)
        }
        self.conditions = tuple(conditions)
        for condition in self.conditions:
            holds(condition, self.from_unit(np.zeros((1, len(self.variables)))))

    @property
    def size(self) -> float:
        """How many points there are, before conditions: infinite where an input is continuous."""
        return math.prod(
            len(value) if isinstance(value, range) or _is_levels(value) else math.inf
            for value in self.variables.values()
        )

    def every_point(self) -> pd.DataFrame:
        """All points of a finite box that meet all conditions, the last input changing fastest."""
        shape = [len(value) for value in self.variables.values()]
        codes = np.indices(shape).reshape(len(shape), -1).T
        rows = self.from_unit((codes + 0.5) / shape)
        return rows[self.allows(rows)].reset_index(drop=True)

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """Names of the d inputs."""
        return tuple(self.variables)

    def __repr__(self) -> str:
        return f"Box({', '.join(f'{name}={value!r}' for name, value in self.variables.items())})"

    def where(self, conditions: Iterable[Condition]) -> Box:
        """The box with more conditions."""
        return Box(self.variables, [*self.conditions, *conditions])

    def allows(self, inputs: pd.DataFrame) -> np.ndarray:
        """Whether rows (n, d) meet all conditions."""
        kept = np.ones(len(inputs), dtype=bool)
        for condition in self.conditions:
            kept &= holds(condition, inputs)
        return kept

    def contains(self, inputs: pd.DataFrame) -> np.ndarray:
        """Whether rows (n, d) are points of the box: each input one of its values, or a rounding away; conditions met.

        Examples
        --------
        >>> box = Box({"radius": (0.5, 2.0), "layers": range(1, 6), "metal": ["Cu", "Ni"]})
        >>> rows = pd.DataFrame({"radius": [0.5, 2.1, 1.0], "layers": [1, 1, 2.5], "metal": ["Cu", "Ni", "Ni"]})
        >>> box.contains(rows).tolist()
        [True, False, False]
        """
        kept = self.allows(inputs)
        for name, values in self.variables.items():
            if _is_levels(values):
                kept &= inputs[name].isin(values).to_numpy()
            elif isinstance(values, range):
                steps = (inputs[name] - values.start) / values.step
                kept &= ((steps % 1.0 == 0.0) & steps.between(0.0, len(values) - 1)).to_numpy()
            else:
                lower, upper = float(values[0]), float(values[1])
                slack = 4.0 * np.finfo(float).eps * max(-lower, upper)  # lower + (upper - lower) may miss upper
                least, most = lower - ROUNDING * abs(lower) - slack, upper + ROUNDING * abs(upper) + slack
                kept &= inputs[name].between(least, most).to_numpy()
        return kept

    def from_unit(self, points: np.ndarray) -> pd.DataFrame:
        """Rows at points (n, d) of the unit cube, one axis an input; whole numbers and levels have equal shares."""
        columns: dict[Hashable, Any] = {}
        for position, (name, values) in enumerate(self.variables.items()):
            share = points[:, position]
            code = np.minimum((share * len(values)).astype(int), len(values) - 1)
            if isinstance(values, range):
                columns[name] = np.array(values, dtype=float)[code]
            elif _is_levels(values):
                columns[name] = pd.Categorical.from_codes(code, pd.Index(values))
            else:
                lower, upper = float(values[0]), float(values[1])
                columns[name] = lower + share * (upper - lower)
        return pd.DataFrame(columns, pd.RangeIndex(len(points)), pd.Index(self.columns, tupleize_cols=False))

    def sample(self, count: int, random_state: int) -> pd.DataFrame:
        """Points of a scrambled Sobol sequence that meet all conditions; the first ones are the same for any count.

        Parameters
        ----------
        count
            How many.
        random_state
            Seed of the scrambling.

        Raises
        ------
        DataError
            The conditions leave so little of the box that too few points are found.
        """
        return self._points(count, random_state, frozenset())

    def space_filling(self, count: int, taken: pd.DataFrame, random_state: int) -> pd.DataFrame:
        """The next points of the sequence that are not taken; fewer if the box has no more.

        Parameters
        ----------
        count
            How many.
        taken
            (m, d) inputs of rows.
        random_state
            Seed of the sequence, the same each time.

        Raises
        ------
        DataError
            As :meth:`sample`.
        """
        seen = frozenset(taken[list(self.columns)].astype(object).itertuples(index=False, name=None))
        return self._points(count, random_state, seen, distinct=True)

    def coordinates(self, inputs: pd.DataFrame) -> np.ndarray:
        """Inputs as points: numbers from 0 to 1 between their bounds, each level on an axis of its own."""
        numbers = {name: value for name, value in self.variables.items() if name not in self.levels}
        lower = {name: float(value[0]) for name, value in numbers.items()}
        upper = {name: float(value[-1]) for name, value in numbers.items()}
        return coordinates(inputs, lower, upper, self.levels)

    def _points(
        self, count: int, random_state: int, seen: frozenset[tuple[Any, ...]], distinct: bool = False
    ) -> pd.DataFrame:
        sequence = qmc.Sobol(len(self.variables), rng=np.random.default_rng(random_state))
        found, have, tried = [self.from_unit(np.empty((0, len(self.variables))))], 0, 0
        known = set(seen)
        while have < count and tried < MOST_TRIED:
            size = max(64, tried)
            rows = self.from_unit(sequence.random(size))
            rows = rows[self.allows(rows)]
            if distinct:
                keys = list(rows.astype(object).itertuples(index=False, name=None))
                fresh = []
                for key in keys:
                    fresh.append(key not in known)
                    known.add(key)
                rows = rows[fresh]
            found.append(rows)
            have, tried = have + len(rows), tried + size
        if have < count and not (distinct and math.isfinite(self.size)):
            raise DataError(
                f"{have} of {tried} points of the box meet {listed(self.conditions)}, and {count} were wanted; narrow "
                "the box to where they hold"
            )
        return pd.concat(found, ignore_index=True).iloc[:count]


def _is_levels(value: Variable) -> TypeGuard[tuple[str, ...]]:
    return not isinstance(value, range) and isinstance(value[0], str)


def _variable(name: Hashable, value: Any) -> Variable:
    if isinstance(value, range):
        if len(value) < 2:
            raise ParameterError(f"the input {name!r} is {value!r}, expected two whole numbers or more, as range(1, 6)")
        return value
    if isinstance(value, tuple) and len(value) == 2 and all(_is_number(bound) for bound in value):
        lower, upper = map(float, value)
        if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper):
            raise ParameterError(f"the input {name!r} is {value!r}, expected two finite numbers, the lower one first")
        return lower, upper
    if isinstance(value, list | tuple) and value and all(isinstance(level, str) for level in value):
        if len(set(value)) != len(value) or len(value) < 2:
            raise ParameterError(f"the input {name!r} is {value!r}, expected two categories or more, each once")
        return tuple(value)
    raise DataTypeError(
        f"the input {name!r} is {value!r}, expected a tuple of two numbers, such as (0.5, 2.0), a range of whole "
        "numbers, such as range(1, 6), or a list of text, such as ['Cu', 'Ni']"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
