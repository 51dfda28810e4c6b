"""Fitted models: kernels, hyperparameters, and the data or what prediction needs of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from botorch.models.transforms.input import AffineInputTransform
from torch import Tensor

from mfgp.cascade import CascadeModel
from mfgp.data.scaling import TaskStandardize
from mfgp.inference import TaskNoise
from mfgp.inference.cascade import Cascade
from mfgp.inference.conditional import Conditional
from mfgp.inference.posterior import ExactPosterior
from mfgp.model import TaskGP, TaskGPEnsemble
from mfgp.persistence.kernels import kernel_of, kernel_record
from mfgp.persistence.posteriors import observations_of, observations_record, posterior_of, posterior_record
from mfgp.persistence.reader import Reader
from mfgp.persistence.writer import Writer

Model = TaskGP | TaskGPEnsemble | CascadeModel


def write_models(writer: Writer, model: Any, predictive: Any, data: bool) -> dict[str, Any]:
    """A fitted model and the one that predicts, which may be the same, as JSON.

    Parameters
    ----------
    writer
        Takes the tensors.
    model, predictive
        As estimators have them.
    data
        False to leave out the values that the models learned from.

    Raises
    ------
    ParameterError, DataTypeError
        A kernel is none of this package's.
    """
    if isinstance(model, CascadeModel):
        return {"cascade": _cascade_record(writer, model, data)}
    found: dict[str, Any] = {"model": _task_record(writer, model, data, "model")}
    if isinstance(predictive, TaskGPEnsemble):
        members = enumerate(predictive.members)
        found["members"] = [_task_record(writer, each, data, f"member {place}") for place, each in members]
        if predictive.maximum is not model:
            found["maximum"] = _task_record(writer, predictive.maximum, data, "maximum")
    return found


def read_models(reader: Reader, record: Mapping[str, Any]) -> tuple[Model, Model]:
    """The model and the one that predicts."""
    if "cascade" in record:
        cascade = _cascade_of(reader, record["cascade"])
        return cascade, cascade
    model = _task_of(reader, record["model"])
    if "members" not in record:
        return model, model
    maximum = _task_of(reader, record["maximum"]) if "maximum" in record else model
    return model, TaskGPEnsemble(maximum, [_task_of(reader, each) for each in record["members"]])


def _task_record(writer: Writer, model: TaskGP, data: bool, where: str) -> dict[str, Any]:
    kernel, exact = kernel_record(model.covar_module), model.exact_posterior
    anew = model.posterior_of_data() if data else None
    return {
        "kernel": kernel,
        "state": _state_record(writer, model, data, where),
        "inputs": writer.tell(model.train_inputs[0], f"{where}.train_inputs"),
        "targets": writer.tell(model.train_targets, f"{where}.train_targets") if data else None,
        "posterior": posterior_record(writer, exact, anew, where),
    }


def _task_of(reader: Reader, record: Mapping[str, Any]) -> TaskGP:
    inputs, targets = reader.read(record["inputs"]), reader.read(record["targets"])
    model = TaskGP(inputs, torch.zeros_like(inputs[:, :1]), kernel=kernel_of(record["kernel"]))
    _load_state(reader, model, record["state"])
    unknown = torch.full_like(inputs[:, 0], torch.nan)
    model.train_targets = unknown if targets is None else targets.view_as(unknown)
    model.eval()
    if record["posterior"] is not None:
        model.keep(posterior_of(reader, record["posterior"], model.covar_module))
    return model


def _cascade_record(writer: Writer, model: CascadeModel, data: bool) -> dict[str, Any]:
    scaling, units = model.input_scaling, model.outcome_transform
    tensors = {"means": units.means, "stdvs": units.stdvs}
    if scaling is not None:
        tensors |= {"coefficient": scaling.coefficient, "offset": scaling.offset, "indices": scaling.indices}
    return {
        "sources": writer.tell(model.sources, "sources"),
        "levels": writer.tell(model.levels, "levels"),
        "reports": writer.tell(model.reports, "reports"),
        "scaling": {name: writer.tell(tensor, f"scaling.{name}") for name, tensor in tensors.items()},
        "conditionals": [
            [task, _conditional_record(writer, each, data, f"task {task}")]
            for task, each in model.cascade.conditionals.items()
        ],
    }


def _cascade_of(reader: Reader, record: Mapping[str, Any]) -> CascadeModel:
    scaling = {name: reader.read(told) for name, told in record["scaling"].items()}
    conditionals = {task: _conditional_of(reader, each) for task, each in record["conditionals"]}
    units = TaskStandardize(len(conditionals))
    units.means.copy_(scaling["means"])
    units.stdvs.copy_(scaling["stdvs"])
    sources, levels, reports = (reader.read(record[name]) for name in ("sources", "levels", "reports"))
    input_scaling = None
    if "indices" in scaling:
        width = record["conditionals"][0][1]["kernel"]["inputs"] + 1
        coefficient, offset, indices = (scaling[name] for name in ("coefficient", "offset", "indices"))
        input_scaling = AffineInputTransform(width, coefficient, offset, indices=indices.tolist())
    cascade = Cascade(conditionals, len(conditionals))
    return CascadeModel.of_parts(cascade, reports, sources, levels, input_scaling, units.eval())


def _conditional_record(writer: Writer, conditional: Conditional, data: bool, where: str) -> dict[str, Any]:
    exact, anew = conditional.posterior, None
    if data:
        anew = ExactPosterior(conditional.kernel, conditional.noise, exact.observations)
    return {
        "kernel": kernel_record(conditional.kernel),
        "state": _state_record(writer, conditional.kernel, data, f"{where}.kernel"),
        "noise": _state_record(writer, conditional.noise, data, f"{where}.noise"),
        "sources": list(conditional.sources),
        "observations": observations_record(writer, exact.observations, where, data),
        "posterior": posterior_record(writer, exact, anew, where),
    }


def _conditional_of(reader: Reader, record: Mapping[str, Any]) -> Conditional:
    observations, kernel = observations_of(reader, record["observations"]), kernel_of(record["kernel"])
    related = record["noise"]["values"].get("scale_prior.levels")
    levels = None if related is None else torch.ones_like(reader.read(related))
    noise = TaskNoise(1, observations.task, observations.noise, related=levels)
    _load_state(reader, kernel, record["state"])
    _load_state(reader, noise, record["noise"])
    told = record["posterior"]
    posterior = None if told is None else posterior_of(reader, told, kernel)
    return Conditional(kernel, noise, observations, record["sources"], posterior)


def _state_record(writer: Writer, module: torch.nn.Module, data: bool, where: str) -> dict[str, Any]:
    """Parameters and buffers, and which parameters are not to be learned."""
    state = {name: _without_data(name, value, data) for name, value in module.state_dict().items()}
    return {
        "values": {name: writer.tell(value, f"{where}.{name}") for name, value in state.items()},
        "frozen": [name for name, parameter in module.named_parameters() if not parameter.requires_grad],
    }


def _without_data(name: str, value: Tensor, data: bool) -> Tensor:
    known = name.rpartition(".")[2] == "known_variance"
    return torch.full_like(value, torch.nan) if known and not data else value


def _load_state(reader: Reader, module: torch.nn.Module, record: Mapping[str, Any]) -> None:
    module.load_state_dict({name: reader.read(value) for name, value in record["values"].items()})
    parameters = dict(module.named_parameters())
    for name in record["frozen"]:
        parameters[name].requires_grad_(False)
