"""Findings about the tasks: how they are related, how many values they have, and where these are."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations

import numpy as np
import torch

from mfgp.data.table import listed
from mfgp.diagnostics.finding import Finding, not_applicable
from mfgp.diagnostics.fitted import Fitted, Part
from mfgp.kernels import CascadeKernel
from mfgp.kernels.stationary import row_keys

FEW, VERY_FEW = 10, 5
UNRELATED, COPIES = 0.1, 0.99

Pairs = dict[tuple[Hashable, Hashable], float]


def values(fitted: Fitted) -> Finding:
    """How many values the task with the fewest has."""
    counts = fitted.counts
    few = sorted((task for task, count in counts.items() if count < FEW), key=lambda task: counts[task])
    least = min(counts.values())
    if not few:
        return Finding("values", "passed", f"Every task has {least} values or more.", least, FEW)
    told = ", ".join(f"{task!r} ({counts[task]})" for task in few[:5])
    average = "" if fitted.report.sampling else ', or average over the hyperparameters, as hyperparameters="auto" does'
    return Finding(
        "values",
        "issue" if least <= VERY_FEW else "tip",
        f"{len(few)} of {len(counts)} tasks {'have' if len(few) > 1 else 'has'} fewer than {FEW} values: {told}.",
        least,
        FEW,
        "So few values do not determine hyperparameters, and intervals at the most probable ones are likely to be too "
        f"narrow: measure more{average}.",
        tuple(few),
    )


def relations(fitted: Fitted) -> Finding:
    """Tasks that the fit takes to be copies of one another, or to have nothing to do with any other."""
    pairs = _correlations(fitted)
    if not pairs:
        return not_applicable("relations", "The model relates no task to another.")
    related = dict.fromkeys((task for pair in pairs for task in pair), 0.0)
    for (one, other), correlation in pairs.items():
        for task in (one, other):
            related[task] = max(related[task], abs(correlation))
    alone = tuple(task for task, strength in related.items() if strength < UNRELATED)
    copies = [pair for pair, correlation in pairs.items() if abs(correlation) > COPIES]
    strongest = max(pairs.values(), key=abs)
    if copies:
        one, other = max(copies, key=lambda pair: abs(pairs[pair]))
        return Finding(
            "relations",
            "tip",
            f"{len(copies)} of {len(pairs)} pairs of tasks are taken to be multiples of one another, {one!r} and "
            f"{other!r} with a correlation of {pairs[one, other]:.3f}.",
            abs(pairs[one, other]),
            COPIES,
            "Make sure that this is so where no values are: little is left for the scarcer task to differ by.",
            (one, other),
        )
    if alone:
        return Finding(
            "relations",
            "tip",
            f"{len(alone)} of {len(related)} tasks {'have' if len(alone) > 1 else 'has'} correlations below "
            f"{UNRELATED:g} with every other: {listed(alone)}.",
            min(related.values()),
            UNRELATED,
            "Such a task gains nothing from the others: compare with IndependentGP, and leave it out if that does as "
            "well.",
            alone,
        )
    return Finding(
        "relations",
        "passed",
        f"The strongest of {len(pairs)} correlations between tasks is {strongest:.2f}.",
        abs(strongest),
        COPIES,
    )


def shared_rows(fitted: Fitted) -> Finding:
    """Pairs of related tasks that were never measured at the same inputs."""
    pairs = [pair for pair in combinations(range(len(fitted.tasks.names)), 2) if _may_relate(fitted, *pair)]
    if not pairs:
        return not_applicable("overlap", "The model relates no task to another.")
    keys, task = row_keys(torch.from_numpy(fitted.x)).numpy(), fitted.task
    of_task = [set(keys[task == place].tolist()) for place in range(len(fitted.tasks.names))]
    apart = [pair for pair in pairs if not of_task[pair[0]] & of_task[pair[1]]]
    names = fitted.tasks.names
    if not apart:
        fewest = min(len(of_task[one] & of_task[other]) for one, other in pairs)
        return Finding("overlap", "passed", f"All pairs of tasks share {fewest} rows or more.", fewest, 0)
    one, other = (names[place] for place in apart[0])
    return Finding(
        "overlap",
        "tip",
        f"{len(apart)} of {len(pairs)} pairs of tasks have no row in common, such as {one!r} and {other!r}.",
        0,
        0,
        "What tasks of one row share beyond the inputs is not seen: predictions with given= lean on the prior there; "
        "measure both at a few rows.",
        (one, other),
    )


def _may_relate(fitted: Fitted, one: int, other: int) -> bool:
    first, second = fitted.tasks.spans[one].start, fitted.tasks.spans[other].start
    for part in fitted.parts:
        if first in part.latents and second in part.latents:
            groups = part.kernel.groups()
            return bool(groups[part.latents.index(first)] == groups[part.latents.index(second)])
    return (first, second) in fitted.edges or (second, first) in fitted.edges


def _correlations(fitted: Fitted) -> Pairs:
    """Correlations a priori of tasks that the model can relate, at one input; of labels that of their scores."""
    found: Pairs = {}
    for part in fitted.parts:
        found |= _within(fitted, part)
    return found | _along_edges(fitted)


@torch.no_grad()
def _within(fitted: Fitted, part: Part) -> Pairs:
    if len(part.latents) == 1:
        return {}
    at_data = part.kernel.task_covariance(part.posterior.observations.x)
    covariance = at_data.reshape(-1, *at_data.shape[-2:]).mean(0).cpu().numpy()
    scale, groups = np.sqrt(np.diagonal(covariance)), part.kernel.groups().tolist()
    found: Pairs = {}
    for i, j in combinations(range(len(part.latents)), 2):
        pair = fitted.tasks_of(part.latents[i], part.latents[j])
        if groups[i] == groups[j] and pair[0] != pair[1]:
            _keep(found, pair, float(covariance[i, j] / scale[i] / scale[j]))
    return found


@torch.no_grad()
def _along_edges(fitted: Fitted) -> Pairs:
    """Of a cascade: the root of the share of a task's variance that its relation to its sources makes up."""
    found: Pairs = {}
    for part in fitted.parts:
        if isinstance(part.kernel, CascadeKernel):
            relation = part.kernel.relation.scale.square().sum().item()
            share = relation / (relation + part.kernel.scale.square().item())
            sources = [source for task, source in fitted.edges if task == part.latents[0]]
            for source in sources:
                _keep(found, fitted.tasks_of(source, part.latents[0]), share**0.5)
    return found


def _keep(found: Pairs, pair: tuple[Hashable, Hashable], correlation: float) -> None:
    """The strongest correlation of a pair of tasks, which may have several latents."""
    if abs(correlation) >= abs(found.get(pair, 0.0)):
        found[pair] = correlation
