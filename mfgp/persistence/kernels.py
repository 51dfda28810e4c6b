"""Kernels by what they are made of; their parameters are told by their state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpytorch.kernels import Kernel, MaternKernel, RBFKernel

from mfgp.errors import DataTypeError, ParameterError
from mfgp.kernels import (
    AutoregressiveKernel,
    CascadeKernel,
    CoregionalizationKernel,
    MixedInputKernel,
    TaskEmbeddingKernel,
    TaskKernel,
    input_kernel,
)
from mfgp.kernels.levels import LevelEmbedding, embeddings_of, plain
from mfgp.kernels.priors import LengthscalePrior

MATERN = {0.5: "matern12", 1.5: "matern32", 2.5: "matern52"}


def kernel_record(kernel: TaskKernel) -> dict[str, Any]:
    """What a kernel over (input, task) is made of, as JSON.

    Raises
    ------
    ParameterError
        An input kernel is none of the named ones.
    DataTypeError
        The kernel is none of this package's.

    Examples
    --------
    >>> record = kernel_record(CoregionalizationKernel([input_kernel("rbf", 2)], num_tasks=3, rank=1))
    >>> record["kind"], record["inner"], record["rank"]
    ('CoregionalizationKernel', [{'name': 'rbf', 'inputs': 2, 'stretch': 1.0}], 1)
    """
    own: dict[type, Any] = {
        CoregionalizationKernel: lambda k: {"tasks": k.num_tasks, "rank": k.rank},
        AutoregressiveKernel: lambda k: {
            "sources": [[task, list(several)] for task, several in k.sources.items()],
            "followed": k.row_tasks,
        },
        TaskEmbeddingKernel: lambda k: {"tasks": k.num_tasks, "dimension": k.dimension},
        CascadeKernel: lambda k: {"sources": k.num_sources, "followed": bool(k.row_tasks)},
    }
    if type(kernel) not in own:
        raise DataTypeError(
            f"the model's kernel is a {type(kernel).__name__}, expected one of this package's; keep the model by "
            "joblib.dump(model, path)"
        )
    first = kernel.input_kernels[0]
    levels = [[embedding.column, embedding.levels] for embedding in embeddings_of(first)]
    return {
        "kind": type(kernel).__name__,
        "inner": [_inner_record(inner) for inner in kernel.input_kernels],
        "levels": levels,
        "inputs": _inputs(first),
        **own[type(kernel)](kernel),
    }


def kernel_of(record: Mapping[str, Any]) -> TaskKernel:
    """A kernel as a record says, its parameters being those of one that was not fitted."""
    inner = [input_kernel(each["name"], each["inputs"], stretch=each["stretch"]) for each in record["inner"]]
    levels, inputs = dict(record["levels"]), record["inputs"]
    kind, found = record["kind"], None
    if kind == "CascadeKernel":
        if levels:
            placed = [LevelEmbedding(column, count) for column, count in levels.items()]
            inner = [MixedInputKernel(each, inputs, placed) for each in inner]
        return CascadeKernel(inner[0], inner[1], inputs, record["sources"], record["followed"])
    if kind == "CoregionalizationKernel":
        found = CoregionalizationKernel(inner, record["tasks"], record["rank"])
    elif kind == "AutoregressiveKernel":
        found = AutoregressiveKernel(inner, dict(record["sources"]), followed=record["followed"])
    elif kind == "TaskEmbeddingKernel":
        found = TaskEmbeddingKernel(inner[0], record["tasks"], record["dimension"])
    if found is None:
        raise ValueError(f"no kernel {kind!r}")
    found.embed_levels(inputs, levels)
    return found


def _inputs(kernel: Kernel) -> int:
    """d, codes among them."""
    if isinstance(kernel, MixedInputKernel):
        return len(kernel.numbers) + len(kernel.embeddings)
    return int(kernel.ard_num_dims)


def _inner_record(kernel: Kernel) -> dict[str, Any]:
    kernel = plain(kernel)
    prior = getattr(kernel, "lengthscale_prior", None)
    if type(kernel) not in (RBFKernel, MaternKernel) or not isinstance(prior, LengthscalePrior):
        raise ParameterError(
            f"the model uses a {type(kernel).__name__} of your own, which cannot be saved without executing code when "
            "it is loaded; write kernel='matern52' or another name, or keep the model by joblib.dump(model, path) or "
            "pickle, and load it only where you trust the file"
        )
    name = "rbf" if type(kernel) is RBFKernel else MATERN[kernel.nu]
    stretch = prior.median / LengthscalePrior(prior.num_inputs).median
    return {"name": name, "inputs": prior.num_inputs, "stretch": float(round(stretch, 6))}
