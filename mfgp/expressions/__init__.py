"""Functions of tasks: quantities and conditions, written in Python or as text."""

from mfgp.expressions.condition import Condition
from mfgp.expressions.expression import Expression
from mfgp.expressions.functions import abs, exp, log, maximum, minimum, sqrt, task
from mfgp.expressions.linear import LinearForm
from mfgp.expressions.objective import ExpressionConstraint, ExpressionObjective
from mfgp.expressions.parsing import parse
from mfgp.expressions.quantity import Quantity

__all__ = [
    "Condition",
    "Expression",
    "ExpressionConstraint",
    "ExpressionObjective",
    "LinearForm",
    "Quantity",
    "abs",
    "exp",
    "log",
    "maximum",
    "minimum",
    "parse",
    "sqrt",
    "task",
]
