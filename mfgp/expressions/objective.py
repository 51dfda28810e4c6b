"""Expressions in BoTorch: objectives and outcome constraints of Monte Carlo acquisition functions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, final

from botorch.acquisition.objective import MCAcquisitionObjective
from torch import Tensor

from mfgp.errors import ParameterError

if TYPE_CHECKING:
    from mfgp.expressions.condition import Condition
    from mfgp.expressions.expression import Expression
    from mfgp.expressions.quantity import Quantity


@final
class ExpressionObjective(MCAcquisitionObjective):
    """A quantity at samples of a model's outputs.

    Parameters
    ----------
    quantity
        What to maximise.
    tasks
        What the model's outputs are, in their order.

    Raises
    ------
    ColumnError
        The quantity uses a task that is not among them.
    """

    def __init__(self, quantity: Quantity, tasks: Sequence[Hashable]) -> None:
        super().__init__()
        quantity.require_tasks(tasks)
        self.quantity = quantity
        self.tasks = tuple(tasks)

    def forward(self, samples: Tensor, X: Tensor | None = None) -> Tensor:
        """Samples (..., q, m) to values (..., q); NaN outside the quantity's domain."""
        return _evaluate(self.quantity, self.tasks, samples)


@final
class ExpressionConstraint:
    """A condition at samples of a model's outputs, in BoTorch's sign: at most zero where it holds.

    Parameters
    ----------
    condition
        What should hold.
    tasks
        What the model's outputs are, in their order.

    Raises
    ------
    ColumnError
        The condition uses a task that is not among them.
    ParameterError
        The condition asks a label for its class.
    """

    def __init__(self, condition: Condition, tasks: Sequence[Hashable]) -> None:
        condition.require_tasks(tasks)
        if condition.labels:
            raise ParameterError(
                f"{condition!r} asks {condition.labels[0]!r} for its class, but BoTorch samples scores, not classes; "
                "use the probability that Prediction.of gives"
            )
        self.condition = condition
        self.tasks = tuple(tasks)

    def __call__(self, samples: Tensor) -> Tensor:
        """Samples (..., q, m) to the negative margins (..., q)."""
        return -_evaluate(self.condition, self.tasks, samples)


def _evaluate(expression: Expression, tasks: tuple[Hashable, ...], samples: Tensor) -> Tensor:
    values = {name: samples[..., place] for place, name in enumerate(tasks)}
    return expression.evaluate(values).to(samples).expand(samples.shape[:-1])
