"""A condition on tasks: its probability at each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np
import pandas as pd

from mfgp.expressions import Condition
from mfgp.expressions.boxes import Box, as_boxes
from mfgp.prediction.box import NormalBox
from mfgp.prediction.draws import estimate, only, values_at, warn_unless_settled
from mfgp.prediction.labelled import LabelledPrediction
from mfgp.prediction.mixture import MixturePrediction
from mfgp.prediction.normal import NormalPrediction
from mfgp.prediction.prediction import SHOWN, Prediction
from mfgp.prediction.quadrature import Estimates, Quadrature
from mfgp.prediction.statistic import Share

CLOSED_FORM = 2  # sums


@final
@dataclass(frozen=True, eq=False, repr=False)
class ConditionPrediction:
    """Probability of a condition at each of n rows.

    Where the tasks that are used are jointly normal and each comparison is linear, the condition is a sum of boxes in
    weighted sums of tasks, by inclusion and exclusion. Boxes of one or two sums have closed forms, those of more are
    integrated smoothly (Genz 1992). Where a label is asked for its class, the classes' probabilities are averaged over
    quasi-random draws of the scores and of the numbers beside. All else is the share of quasi-random draws. Draws at
    which the condition is neither true nor false are left out; `invalid` is their share.

    Parameters
    ----------
    prediction
        The joint distribution of the tasks.
    expression
        The condition.
    quadrature
        How exactly to integrate where there is no closed form.

    Examples
    --------
    >>> p = NormalPrediction(("a", "b"), pd.RangeIndex(1), np.zeros((1, 2)), np.array([[[1.0, 0.5], [0.5, 1.0]]]))
    >>> p.of("a > 0 and b > 0").probability.round(6).item()  # 1/4 + asin(1/2) / (2 pi)
    0.333333
    """

    prediction: Prediction
    expression: Condition
    quadrature: Quadrature = field(default_factory=Quadrature)

    @property
    def index(self) -> pd.Index:
        """Labels of the rows."""
        return self.prediction.index

    @property
    def probability(self) -> pd.Series:
        """(n,) probabilities that the condition holds."""
        return self._series(self._estimates.value[:, 0].clip(0.0, 1.0))

    @property
    def error(self) -> pd.Series:
        """(n,) standard errors of the probabilities; zero where these have a closed form."""
        return self._series(self._estimates.error[:, 0])

    @property
    def invalid(self) -> pd.Series:
        """(n,) shares of draws at which the condition is neither true nor false."""
        return self._series(self._estimates.value[:, 1])

    @property
    def settled(self) -> pd.Series:
        """(n,) whether the errors are within the tolerance."""
        return self._series(self._estimates.settled)

    def sample(self, size: int, seed: int | None = None) -> np.ndarray:
        """(size, n): 1 where the condition holds at a draw, 0 where it does not, NaN where that cannot be said."""
        if isinstance(self.prediction, LabelledPrediction):
            return self.prediction.sample_truth(self.expression, size, seed)
        return values_at(self.expression, self.prediction.tasks, self.prediction.sample(size, seed))

    def to_frame(self) -> pd.DataFrame:
        """A flat table: "probability", "error" and "invalid"."""
        return pd.DataFrame({"probability": self.probability, "error": self.error, "invalid": self.invalid})

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        first = ConditionPrediction(self.prediction.take(slice(0, SHOWN)), self.expression, self.quadrature)
        which = f", the first {SHOWN}" if len(self) > SHOWN else ""
        return f"Probability of {self.expression!r} at {len(self)} rows{which}:\n{first.to_frame()!r}"

    @cached_property
    def _estimates(self) -> Estimates:
        joint = only(self.prediction, self.expression.tasks)
        if isinstance(joint, NormalPrediction):
            boxes = as_boxes(self.expression)
            if boxes is not None:
                return self._of_boxes(joint, boxes)
        if isinstance(joint, MixturePrediction):
            return self._of_components(joint)
        if isinstance(joint, LabelledPrediction):
            return self._of_labels(joint)
        return estimate(self.prediction, self.expression, Share(), self.quadrature)

    def _of_components(self, joint: MixturePrediction) -> Estimates:
        """Averages over a mixture's components, whose errors add up: they are of the same draws."""
        parts = [ConditionPrediction(part, self.expression, self.quadrature)._estimates for part in joint.components]
        weights = joint.weights
        return Estimates(
            np.einsum("kn,knm->nm", weights, np.stack([part.value for part in parts])),
            np.einsum("kn,knm->nm", weights, np.stack([part.error for part in parts])),
            np.all([part.settled for part in parts], axis=0),
            np.max([part.draws for part in parts], axis=0),
        )

    def _of_boxes(self, prediction: NormalPrediction, boxes: Mapping[Box, int]) -> Estimates:
        exact, wide = np.zeros(len(self)), []
        for box, factor in boxes.items():
            found = _normal_box(prediction, box)
            if found.dimension <= CLOSED_FORM:
                exact += factor * found.exactly()
            else:
                wide.append((factor, found))
        closed = Estimates.exact(exact, np.zeros(len(self)))
        if not wide:
            return closed

        def integrand(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
            return np.sum([factor * found.integrand(rows, normals) for factor, found in wide], axis=0)

        most = max(found.dimension for _, found in wide)
        width = most + len(wide)
        rest = self.quadrature.estimate(integrand, Share(), rows=len(self), dimension=most - 1, width=width)
        warn_unless_settled(rest, self.expression, self.quadrature)
        return Estimates(closed.value + rest.value, rest.error, rest.settled, rest.draws)

    def _of_labels(self, joint: LabelledPrediction) -> Estimates:
        def integrand(rows: np.ndarray, normals: np.ndarray) -> np.ndarray:
            return joint.take(rows).expected_truth(self.expression, normals[:, None, :]).T

        width = joint.dimension + sum(len(labels.classes) for labels in joint.classes.values())
        found = self.quadrature.estimate(integrand, Share(), rows=len(joint), dimension=joint.dimension, width=width)
        warn_unless_settled(found, self.expression, self.quadrature)
        return found

    def _series(self, values: np.ndarray) -> pd.Series:
        return pd.Series(values, self.index, name=repr(self.expression))


def _normal_box(prediction: NormalPrediction, box: Box) -> NormalBox:
    weights = np.zeros((len(prediction.tasks), len(box)))
    for column, (direction, _) in enumerate(box):
        for name, weight in direction:
            weights[prediction.tasks.index(name), column] = weight
    sums = prediction.combine(weights, np.zeros(len(box)), tuple(range(len(box))))
    return NormalBox(sums, [interval for _, interval in box])
