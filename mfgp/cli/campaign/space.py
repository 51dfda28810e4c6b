"""Spaces as the command line states them."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mfgp.cli.options import pairs, split
from mfgp.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from mfgp.optimization import Box, Pool


def space_of(
    file: Path | None,
    label: str | None,
    inputs: str | None,
    ranges: list[str] | None,
    whole: list[str] | None,
    levels: list[str] | None,
) -> Pool | Box:
    """Candidates of a file, or the box that ranges and levels make.

    Raises
    ------
    ParameterError
        Neither is given or both, or an option cannot be read.
    ColumnError
        The file lacks a column.
    """
    from mfgp.data.table import listed
    from mfgp.optimization import Box, Pool

    stated = any((ranges, whole, levels))
    if (file is None) != stated:
        raise ParameterError(
            f"{'two spaces are' if stated else 'no space is'} given; give either a file of candidates, or --range, "
            "--whole and --levels for inputs that may be chosen freely"
        )
    if file is None:
        variables: dict[Hashable, Any] = {}
        for name, text in pairs(ranges, "--range").items():
            variables[name] = _bounds(text, f"--range {name}=")
        for name, text in pairs(whole, "--whole").items():
            low, high = _bounds(text, f"--whole {name}=")
            variables[name] = range(int(low), int(high) + 1)
        for name, text in pairs(levels, "--levels").items():
            variables[name] = split(text, "--levels")
        return Box(variables)
    pool = Pool.read(file, label)
    if inputs is None:
        return pool
    names = split(inputs, "--inputs")
    missing = [name for name in names if name not in pool.columns]
    if missing:
        raise ColumnError(f"{file} lacks the columns {listed(missing)}; its columns are {listed(pool.columns)}")
    return Pool(pool.frame[names])


def _bounds(text: str, option: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return float(low), float(high)
    except ValueError as error:
        raise ParameterError(f"{option}{text} has no two numbers; write {option}LOW:HIGH") from error
