"""Posteriors: the observations, and the factor where it cannot be made anew from them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch

from mfgp.data.observations import Observations
from mfgp.inference.posterior import ExactPosterior
from mfgp.kernels import TaskKernel
from mfgp.persistence.reader import Reader
from mfgp.persistence.writer import Writer


def posterior_record(
    writer: Writer, posterior: ExactPosterior, anew: ExactPosterior | None, where: str
) -> dict[str, Any] | None:
    """What is to be kept of a posterior, as JSON; None where it can be made anew from the data, bit for bit.

    Parameters
    ----------
    writer
        Takes the tensors.
    posterior
        The one that predicts.
    anew
        The one that the data give by themselves; None where they are left out.
    where
        Whose it is.
    """
    data = anew is not None
    if anew is not None and _same(posterior, anew):
        return None
    tensors = {"lower": posterior.lower, "weights": posterior.weights}
    if data:
        tensors["noise_variance"] = posterior.noise_variance
    return {
        "observations": observations_record(writer, posterior.observations, where, data),
        "jitter": writer.tell(posterior.jitter, "jitter"),
        **{name: writer.tell(tensor, f"{where}.{name}") for name, tensor in tensors.items()},
    }


def posterior_of(reader: Reader, record: Mapping[str, Any], kernel: TaskKernel) -> ExactPosterior:
    """The posterior of a kernel at its current parameters."""
    observations, weights = observations_of(reader, record["observations"]), reader.read(record["weights"])
    variance = reader.read(record.get("noise_variance"))
    return ExactPosterior.of_factor(
        deepcopy(kernel).requires_grad_(False),
        observations,
        torch.full_like(observations.y, torch.nan) if variance is None else variance,
        reader.read(record["lower"]),
        reader.read(record["jitter"]),
        weights,
    )


def observations_record(writer: Writer, observations: Observations, where: str, data: bool) -> dict[str, Any]:
    """Observations as JSON: where they are and of which task, and the values, noise and rows if these are kept."""
    names = ["x", "task", *(["y", "noise", "row"] if data else [])]
    return {name: writer.tell(getattr(observations, name), f"{where}.{name}") for name in names}


def observations_of(reader: Reader, record: Mapping[str, Any]) -> Observations:
    """Observations, NaN for values and noise that were left out."""
    found = {name: reader.read(told) for name, told in record.items()}
    unknown = torch.full_like(found["x"][:, 0], torch.nan)
    given = {"y": unknown, "noise": unknown, "row": torch.arange(len(unknown)), **found}
    return Observations(**given)


def _same(a: ExactPosterior, b: ExactPosterior) -> bool:
    return (
        torch.equal(a.lower, b.lower)
        and torch.equal(a.weights, b.weights)
        and torch.equal(a.observations.row, b.observations.row)
    )
