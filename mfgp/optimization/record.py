"""Records: definitions of campaigns as JSON and back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import pandas as pd

from mfgp import architectures
from mfgp.architectures.regressor import Regressor
from mfgp.data.table import listed
from mfgp.errors import DataError, DependencyError, ParameterError
from mfgp.expressions import Condition, Expression, Quantity, parse
from mfgp.optimization.box import Box
from mfgp.optimization.costs import Costs
from mfgp.optimization.definition import Definition
from mfgp.optimization.objective import Objective
from mfgp.optimization.pool import Pool
from mfgp.optimization.stopping import StoppingRule

VERSION = 1
CHANGEABLE = ("budget", "stopping", "constraints")
OUTSIDE = "not stored"  # marks what no text describes, and what has to be given when the campaign is loaded


def record_of(definition: Definition) -> dict[str, Any]:
    """A definition as what JSON can hold, the same for equal definitions."""
    return {
        "version": VERSION,
        "estimator": _estimator(definition.estimator),
        "space": _space(definition.space),
        "objective": [asdict(each) | {"quantity": repr(each.quantity)} for each in definition.objectives],
        "constraints": sorted(map(repr, [*definition.known, *definition.constraints])),
        "costs": [[task, _cost(cost)] for task, cost in definition.costs.by_task.items()],
        "acquisition": _acquisition(definition.acquisition),
        "budget": definition.budget,
        "stopping": None if definition.stopping is None else asdict(definition.stopping),
        "initial": dict(definition.initial),
        "random_state": definition.random_state,
    }


def text_of(definition: Definition) -> str:
    """The record of a definition as text, floats with all their digits."""
    return _text(record_of(definition))


def differences(stored: str, wanted: str) -> list[str]:
    """The parts in which the texts of two definitions differ."""
    before = json.loads(stored)
    return [name for name, part in json.loads(wanted).items() if before.get(name) != part]


def with_start(definition: Definition, text: str) -> Definition:
    """A definition with the start that is stored: the default may be another by now, or depend on other constraints."""
    stored = json.loads(text)["initial"]
    return replace(definition, initial={task: stored.get(task, count) for task, count in definition.initial.items()})


def definition_of(
    text: str, pool: bytes | None, estimator: Any = None, costs: Any = None, acquisition: Any = None
) -> Definition:
    """The definition of a stored campaign.

    Parameters
    ----------
    text
        What `text_of` gave.
    pool
        The candidates, as Parquet.
    estimator, costs, acquisition
        In place of those stored; needed where these are of kinds that cannot be stored.

    Raises
    ------
    DataError
        A later version wrote it.
    ParameterError
        One that cannot be stored is not given, or the costs are for other tasks or in another order.
    """
    record = json.loads(text)
    if record["version"] > VERSION:
        raise DataError(
            f"the campaign was stored by a later version of mfgp (its record has version {record['version']}, and this "
            f"one reads up to {VERSION}); install a newer one"
        )
    space, changeable = record["space"], _changeable(record)
    tasks = [task for task, _ in record["costs"]]
    if costs is not None and (given := list(Costs.read(costs).tasks)) != tasks:
        raise ParameterError(
            f"the costs are for {listed(given)}, but the campaign has the tasks {listed(tasks)}, low fidelity first; "
            "give the same tasks in the same order"
        )
    return Definition.read(
        _load_estimator(record["estimator"]) if estimator is None else estimator,
        Pool(_frame_of(pool)) if pool is not None else _load_box(space["box"], space["conditions"]),
        [_load_objective(each) for each in record["objective"]],
        {task: _load_cost(task, cost) for task, cost in record["costs"]} if costs is None else costs,
        changeable["constraints"],
        _load_acquisition(record["acquisition"]) if acquisition is None else acquisition,
        changeable["budget"],
        changeable["stopping"],
        {task: record["initial"][task] for task in tasks},
        record["random_state"],
    )


def as_stored(definition: Definition, text: str) -> Definition:
    """A definition with what another process may have changed in the text since it was read."""
    return definition.changed(**_changeable(json.loads(text)))


def with_change(text: str, definition: Definition, when: str) -> str:
    """The text of a campaign whose definition has changed, with a line that says so; `when` begins it.

    Parameters
    ----------
    text
        As it is stored.
    definition
        As it shall be.
    when
        The time, and what there was by then.
    """
    before, wanted = json.loads(text), json.loads(text_of(definition))
    parts = {name: wanted[name] for name in CHANGEABLE if wanted[name] != before[name]}
    said = ", ".join(f"{name} from {_shown(before[name])} to {_shown(value)}" for name, value in parts.items())
    return _text(before | parts | {"changes": [*before.get("changes", []), f"{when}: {said}"]}) if parts else text


def changes_of(text: str) -> tuple[str, ...]:
    """What was changed, a line each time."""
    return tuple(json.loads(text).get("changes", []))


def parquet_of(pool: Pool) -> bytes:
    """Candidates as the bytes of a Parquet file.

    Raises
    ------
    DependencyError
        pyarrow is not installed.
    """
    file = io.BytesIO()
    try:
        pool.frame.to_parquet(file, engine="pyarrow")
    except ImportError as error:
        raise DependencyError("pools are stored by pyarrow, which is not installed: pip install pyarrow") from error
    return file.getvalue()


def _text(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True)


def _changeable(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "budget": record["budget"],
        "stopping": None if record["stopping"] is None else StoppingRule(**record["stopping"]),
        "constraints": [parse(each) for each in record["constraints"]],
    }


def _shown(value: Any) -> str:
    match value:
        case None | []:
            return "none"
        case float():
            return f"{value:g}"
        case dict():
            return repr(StoppingRule(**value))
    return " and ".join(value)


def _frame_of(pool: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(pool), engine="pyarrow")


def _estimator(estimator: Regressor) -> dict[str, Any]:
    name, module = type(estimator).__name__, type(estimator).__module__
    if getattr(architectures, name, None) is not type(estimator):
        return {"class": f"{module}.{name}", "parameters": {}, OUTSIDE: True}
    parameters, outside = {}, []
    for key, value in estimator.get_params(deep=False).items():
        try:
            parameters[key] = json.loads(json.dumps(value))
        except (TypeError, ValueError):
            outside.append(key)
    return {"class": name, "parameters": parameters, OUTSIDE: sorted(outside)}


def _load_estimator(record: Mapping[str, Any]) -> Regressor:
    if record[OUTSIDE]:
        raise ParameterError(
            f"the estimator {record['class']} has what cannot be stored; give it again: Campaign.load(storage, "
            "estimator=...)"
        )
    built: Regressor = getattr(architectures, record["class"])(**record["parameters"])
    return built


def _space(space: Pool | Box) -> dict[str, Any]:
    if isinstance(space, Pool):
        digest = sha256(pd.util.hash_pandas_object(space.frame, categorize=False).to_numpy().tobytes())
        digest.update(json.dumps(space.columns).encode())
        return {"candidates": len(space), "inputs": list(space.columns), "digest": digest.hexdigest()}
    return {"box": [[name, _variable(value)] for name, value in space.variables.items()]} | {
        "conditions": sorted(map(repr, space.conditions))
    }


def _variable(value: Any) -> dict[str, Any]:
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    return {"levels": list(value)} if isinstance(value[0], str) else {"between": list(value)}


def _load_box(variables: list[tuple[str, dict[str, Any]]], conditions: list[str]) -> Box:
    makers: dict[str, Callable[[list[Any]], Any]] = {
        "range": lambda values: range(*values),
        "levels": list,
        "between": tuple,
    }
    read: dict[Hashable, Any] = {
        name: makers[kind](values) for name, value in variables for kind, values in value.items()
    }
    return Box(read, [_condition(text) for text in conditions])


def _condition(text: str) -> Condition:
    found = parse(text)
    assert isinstance(found, Condition)
    return found


def _load_objective(record: Mapping[str, Any]) -> Objective:
    quantity: Expression = parse(record["quantity"])
    assert isinstance(quantity, Quantity)
    return Objective(**{**record, "quantity": quantity})


def _cost(cost: Any) -> Any:
    if isinstance(cost, Quantity):
        return repr(cost)
    return {OUTSIDE: getattr(cost, "__qualname__", type(cost).__name__)} if callable(cost) else cost


def _load_cost(task: str, record: Any) -> Any:
    if isinstance(record, dict):
        raise ParameterError(
            f"the cost of {task!r} is the function {record[OUTSIDE]!r}, which cannot be stored; give all costs again: "
            "Campaign.load(storage, costs={...})"
        )
    return record


def _acquisition(acquisition: Any) -> Any:
    return acquisition if isinstance(acquisition, str) else {OUTSIDE: type(acquisition).__qualname__}


def _load_acquisition(record: Any) -> str:
    if isinstance(record, dict):
        raise ParameterError(
            f"the acquisition is of the class {record[OUTSIDE]!r}, which cannot be stored; give it again: "
            "Campaign.load(storage, acquisition=...)"
        )
    return str(record)
