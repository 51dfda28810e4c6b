"""Which tasks a task is computed from: names of the user's, turned into a graph of places."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from mfgp.data.tasks import Tasks
from mfgp.errors import ParameterError


def latent_edges(sources: Mapping[Hashable, Sequence[Hashable]] | None, tasks: Tasks) -> dict[int, list[int]]:
    """The sources of each latent by place: each score of a label has all the sources of its label.

    Raises
    ------
    ParameterError
        As :func:`edges`.
    """
    spans = tasks.spans
    return {
        latent: [place for source in several for place in spans[source]]
        for task, several in edges(sources, tasks.names).items()
        for latent in spans[task]
    }


def edges(sources: Mapping[Hashable, Sequence[Hashable]] | None, tasks: tuple[Hashable, ...]) -> dict[int, list[int]]:
    """The sources of each task that has any, by place; a chain in the tasks' order where none are named.

    Raises
    ------
    ParameterError
        What was given is no mapping of tasks to lists of tasks, names a task that there is not, or goes in a circle.

    Examples
    --------
    >>> edges({"c": ["b", "a"]}, ("a", "b", "c"))
    {2: [1, 0]}
    """
    if sources is None:
        return {task: [task - 1] for task in range(1, len(tasks))}
    if not isinstance(sources, Mapping):
        raise ParameterError(f"sources={sources!r}, expected a mapping; write {{task: [source, ...]}}")
    for name, several in sources.items():
        if isinstance(several, str) or not isinstance(several, Collection):
            raise ParameterError(
                f"the sources of {name!r} are {several!r}, expected a list; write {{{name!r}: [{several!r}]}}"
            )
    named = [*sources, *(source for several in sources.values() for source in several)]
    unknown = [name for name in named if name not in tasks]
    if unknown:
        raise ParameterError(f"sources name {unknown}, which are no tasks; the tasks are {list(tasks)}")
    repeated = [name for name, several in sources.items() if len(set(several)) < len(several)]
    if repeated:
        raise ParameterError(f"sources of {repeated} name a task more than once; write each once")
    try:
        TopologicalSorter(sources).prepare()
    except CycleError as error:
        raise ParameterError(
            f"sources go in a circle: {' -> '.join(map(repr, error.args[1]))}; "
            "a task cannot be computed from itself, so leave one of these edges out"
        ) from error
    place = {name: task for task, name in enumerate(tasks)}
    return {place[name]: [place[source] for source in several] for name, several in sources.items()}
