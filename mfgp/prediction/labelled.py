"""The prediction of tasks of which some are labels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats.qmc import Sobol

from mfgp.data.labels import Labels
from mfgp.data.tasks import Tasks
from mfgp.errors import ColumnError
from mfgp.expressions import Condition
from mfgp.prediction.classes import combinations, truth_at_codes
from mfgp.prediction.draws import values_at
from mfgp.prediction.prediction import Prediction

POINTS = 512  # quasi-random points of an integral over scores
BLOCK_ENTRIES = 2**22


@final
@dataclass(frozen=True, eq=False, repr=False)
class LabelledPrediction(Prediction):
    """Numbers and labels together: numbers and scores, and the classes that the scores make likely.

    Among `means` and `covariance` those of labels are NaN: a label has neither. In draws, a label is the code of its
    class.

    Parameters
    ----------
    tasks, index, means, covariance
        As for :class:`Prediction`.
    latent
        The joint distribution of the numbers and of the labels' scores.
    spans
        For each task, its places among the latents.
    classes
        The labels by their places among the tasks.

    Examples
    --------
    >>> from mfgp.prediction import NormalPrediction
    >>> latent = NormalPrediction(("y = yes",), pd.RangeIndex(1), np.array([[1.0]]), np.array([[[4.0]]]))
    >>> p = LabelledPrediction.of_latent(("y",), latent, (range(1),), {0: Labels(("no", "yes"), ordered=False)})
    >>> p.probabilities("y").round(2)
         no   yes
    0  0.35  0.65
    >>> p.labels
         y
    0  yes
    """

    latent: Prediction
    spans: tuple[range, ...]
    classes: Mapping[int, Labels]

    @classmethod
    def of_latent(
        cls,
        tasks: tuple[Hashable, ...],
        latent: Prediction,
        spans: tuple[range, ...],
        classes: Mapping[int, Labels],
    ) -> LabelledPrediction:
        """The prediction that follows from that of the latents."""
        numbers = [task for task in range(len(tasks)) if task not in classes]
        places = [spans[task].start for task in numbers]
        means = np.full((len(latent), len(tasks)), np.nan)
        covariance = np.full((len(latent), len(tasks), len(tasks)), np.nan)
        means[:, numbers] = latent.means[:, places]
        covariance[:, np.array(numbers, int)[:, None], numbers] = latent.covariance[
            :, np.array(places, int)[:, None], places
        ]
        return cls(tasks, latent.index, means, covariance, latent, spans, classes)

    @property
    def labels_by_name(self) -> dict[Hashable, Labels]:
        """The classes of each task that is a label."""
        return {self.tasks[place]: labels for place, labels in self.classes.items()}

    @property
    def labels(self) -> pd.DataFrame:
        """(n, labels) the most probable class of each label."""
        found = {self.tasks[task]: self.classes[task].values(self.codes[:, task]) for task in self.classes}
        return pd.DataFrame(found, self.index)

    @cached_property
    def codes(self) -> np.ndarray:
        """(n, T) codes of the most probable classes, NaN for tasks that are numbers."""
        codes = np.full((len(self), len(self.tasks)), np.nan)
        for task in self.classes:
            codes[:, task] = self._of_classes[task].argmax(axis=1)
        return codes

    @property
    def means_and_codes(self) -> np.ndarray:
        """(n, T) means of numbers, and codes of the most probable classes."""
        return np.where(np.isnan(self.codes), self.means, self.codes)

    def probabilities(self, task: Hashable) -> pd.DataFrame:
        """(n, K) probabilities of the classes of a label, which sum to one.

        They are integrals over the scores, by 512 quasi-random points, the same at every row.

        Raises
        ------
        ColumnError
            The task is no label.
        """
        named = [place for place in self.classes if self.tasks[place] == task]
        if not named:
            raise ColumnError(f"{task!r} is no label; the labels are {[self.tasks[place] for place in self.classes]}")
        labels = self.classes[named[0]]
        columns = pd.Index(labels.classes, tupleize_cols=False)
        return pd.DataFrame(self._of_classes[named[0]], self.index, columns)

    @cached_property
    def _of_classes(self) -> dict[int, np.ndarray]:
        """(n, K) probabilities by the label's place."""
        return {task: expected_probabilities(self._scores(task), labels) for task, labels in self.classes.items()}

    def _scores(self, task: int) -> Prediction:
        return _selected(self.latent, self.spans[task])

    @property
    def dimension(self) -> int:
        """One standard normal for each latent, and one for each label to be drawn."""
        return self.latent.dimension + len(self.classes)

    def draw(self, normals: np.ndarray) -> np.ndarray:
        """Standard normals (s, n, dimension) or (s, 1, dimension) to draws (s, n, T), codes for labels."""
        return self._draw(normals)[0]

    def _draw(self, normals: np.ndarray) -> tuple[np.ndarray, dict[Hashable, np.ndarray]]:
        """Draws, and of each label the probabilities (s, n, K) of its classes at the scores that were drawn."""
        latent = self.latent.draw(normals[..., : self.latent.dimension])
        draws, found = np.empty((*latent.shape[:2], len(self.tasks))), {}
        chances = iter(np.moveaxis(ndtr(normals[..., self.latent.dimension :]), -1, 0))
        for task, (name, span) in enumerate(zip(self.tasks, self.spans, strict=True)):
            if task in self.classes:
                found[name] = self.classes[task].probabilities(latent[..., span])
                upto = np.cumsum(found[name], axis=-1)[..., :-1]
                draws[..., task] = (next(chances)[..., None] > upto).sum(axis=-1)
            else:
                draws[..., task] = latent[..., span.start]
        return draws, found

    def sample_truth(self, condition: Condition, size: int, seed: int | None = None) -> np.ndarray:
        """(size, n): 1 where a condition holds at the draws of :meth:`sample`, else 0; NaN outside its domain."""
        return truth_at_codes(condition, self.tasks, self.sample(size, seed), self.labels_by_name)

    def expected_truth(self, condition: Condition, normals: np.ndarray) -> np.ndarray:
        """(s, n) probabilities that a condition holds at numbers and scores that are drawn.

        Given these, labels are independent of one another, so each combination of classes counts with the product of
        their probabilities, and what is left to average is smooth. Where the condition is outside its domain for some
        of the combinations, one of them is drawn.
        """
        draws, probabilities = self._draw(normals)
        expected = np.zeros(draws.shape[:-1])
        for values, codes in combinations(condition, self.labels_by_name):
            shares = [probabilities[name][..., several].sum(axis=-1) for name, several in codes.items()]
            expected += np.prod(shares, axis=0) * values_at(condition, self.tasks, draws, values)
        outside = np.isnan(expected)
        if outside.any():
            drawn = truth_at_codes(condition, self.tasks, draws, self.labels_by_name)
            expected = np.where(outside, drawn, expected)
        return expected

    def take(self, rows: slice | np.ndarray) -> LabelledPrediction:
        """The prediction at some of the rows, by their places."""
        return self.of_latent(self.tasks, self.latent.take(rows), self.spans, self.classes)

    def combine(self, weights: np.ndarray, offsets: np.ndarray, names: tuple[Hashable, ...]) -> Prediction:
        """Weighted sums of the tasks that are numbers; a label only by itself.

        Raises
        ------
        ColumnError
            A label is added to something, or multiplied.
        """
        used = [task for task in self.classes if weights[task].any()]
        if not used:
            by_latent = np.zeros((len(self.latent.tasks), weights.shape[1]))
            for task, span in enumerate(self.spans):
                if task not in self.classes:
                    by_latent[span.start] = weights[task]
            return self.latent.combine(by_latent, offsets, names)
        chosen = weights.argmax(axis=0)
        if not np.array_equal(weights, np.eye(len(self.tasks))[:, chosen]) or offsets.any():
            raise ColumnError(
                f"{self.tasks[used[0]]!r} is a label, with which there is no arithmetic; "
                f"use its probabilities({self.tasks[used[0]]!r})"
            )
        order = [place for task in chosen for place in self.spans[task]]
        lengths = np.cumsum([0, *(len(self.spans[task]) for task in chosen)]).tolist()
        spans = tuple(range(start, stop) for start, stop in pairwise(lengths))
        classes = {place: self.classes[task] for place, task in enumerate(chosen.tolist()) if task in self.classes}
        return self.of_latent(names, _selected(self.latent, order), spans, classes)

    def to_frame(self, level: float = 0.9) -> pd.DataFrame:
        """A flat table of numbers as for every prediction, and of labels.

        Of a label there is the most probable class, as "<task>_class", and the probability of each, as
        "<task>_<class>".
        """
        parts: list[pd.DataFrame] = []
        for task, (name, span) in enumerate(zip(self.tasks, self.spans, strict=True)):
            if task in self.classes:
                by_class = self.probabilities(name)
                by_class.columns = pd.Index([f"{name}_{value}" for value in by_class.columns])
                parts += [self.labels[[name]].set_axis([f"{name}_class"], axis="columns"), by_class]
            else:
                parts.append(_selected(self.latent, span).to_frame(level))
        return pd.concat(parts, axis="columns")

    def _quantiles(self, probability: float) -> np.ndarray:
        quantiles = np.full_like(self.means, np.nan)
        numbers = [task for task in range(len(self.tasks)) if task not in self.classes]
        if numbers:
            places = [self.spans[task].start for task in numbers]
            quantiles[:, numbers] = _selected(self.latent, places)._quantiles(probability)
        return quantiles


def of_tasks(latent: Prediction, tasks: Tasks) -> Prediction:
    """The prediction of tasks from that of their latents, which is the same where no task is a label."""
    if not tasks.labels:
        return latent
    return LabelledPrediction.of_latent(tasks.names, latent, tuple(tasks.spans), tasks.labels)


def labels_of(prediction: Prediction) -> dict[Hashable, Labels]:
    """The classes of the tasks of a prediction that are labels."""
    return prediction.labels_by_name if isinstance(prediction, LabelledPrediction) else {}


def _selected(latent: Prediction, places: Sequence[int]) -> Prediction:
    """The joint distribution of some of the latents."""
    names = tuple(latent.tasks[place] for place in places)
    return latent.combine(np.eye(len(latent.tasks))[:, list(places)], np.zeros(len(names)), names)


def expected_probabilities(scores: Prediction, labels: Labels) -> np.ndarray:
    """(n, K) expected probabilities, in blocks of bounded memory."""
    normals = _normals(scores.dimension)[:, None, :]
    rows = max(1, BLOCK_ENTRIES // (POINTS * max(scores.dimension, len(labels.classes))))
    blocks = [
        labels.probabilities(scores.take(slice(start, start + rows)).draw(normals)).mean(axis=0)
        for start in range(0, len(scores), rows)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, len(labels.classes)))


def _normals(dimension: int) -> np.ndarray:
    """(POINTS, dimension) quasi-random standard normals; in one dimension, the middles of equal probabilities."""
    if dimension == 1:
        return ndtri((np.arange(POINTS)[:, None] + 0.5) / POINTS)
    return ndtri(Sobol(dimension, seed=0).random(POINTS).clip(1e-10, 1.0 - 1e-10))
