"""Composition features: what a formula says of a material, as numbers for a Gaussian process with few data.

Nineteen statistics of elemental properties, chosen by the error of a band gap learned from 50 to 350 compounds; the
record is ``docs/decisions/0002-composition-features.md``. The elements and their properties are those of Magpie (Ward
et al., npj Comput. Mater. 2, 16028, 2016), read from the files of the package elementembeddings:
``pip install mfgp[materials]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mfgp.errors import DataError, DataTypeError, DependencyError, ParameterError

# What each element brings (rows of the table below) and the statistics over the elements of a formula kept of it.
_FEATURES = {
    "electronegativity": ("mean", "deviation", "min", "max"),
    "group": ("mean", "deviation", "max"),
    "period": ("mean", "max"),
    "s_electrons": ("deviation",),
    "p_electrons": ("mean", "deviation", "max"),
    "p_holes": ("mean",),
    "d_holes": ("max",),
    "open_d": ("max",),
    "open_f": ("max",),
}
FEATURES = [f"{name}_{statistic}" for name, kept in _FEATURES.items() for statistic in kept] + ["p_share", "elements"]

_AMOUNT = r"(\d+\.?\d*|\.\d+)?"
_TOKEN = re.compile(rf"([A-Z][a-z]?){_AMOUNT}|([(\[])|[)\]]{_AMOUNT}")
_PLACEHOLDERS = ["He", "Ne", "Ar", "Rn"]  # one electronegativity, 1.63, stands in the table for these four
_MOST_LISTED = 10


def parse_formula(formula: str) -> dict[str, float]:
    """Amount of each element in a chemical formula.

    Parameters
    ----------
    formula
        Element symbols, each followed by its amount (1 where left out, fractions allowed), with groups in round or
        square brackets.

    Returns
    -------
    Amounts by symbol, in the order of first appearance. Whether a symbol is an element is not looked up.

    Raises
    ------
    DataError
        The text is no formula, or holds no atom.

    Examples
    --------
    >>> parse_formula("Ca5(PO4)3OH")
    {'Ca': 5.0, 'P': 3.0, 'O': 13.0, 'H': 1.0}
    >>> parse_formula("Bi0.9Sb0.1")
    {'Bi': 0.9, 'Sb': 0.1}
    """
    levels: list[dict[str, float]] = [{}]
    end = 0
    for token in _TOKEN.finditer(formula) if isinstance(formula, str) else ():
        symbol, amount, opening, factor = token.groups()
        if token.start() != end or (not symbol and not opening and len(levels) == 1):
            break
        end = token.end()
        if symbol:
            levels[-1][symbol] = levels[-1].get(symbol, 0.0) + float(amount or 1)
        elif opening:
            levels.append({})
        else:
            inner = levels.pop()
            for element, number in inner.items():
                levels[-1][element] = levels[-1].get(element, 0.0) + number * float(factor or 1)
    amounts = {element: number for element, number in levels[0].items() if number > 0}
    if not amounts or len(levels) > 1 or end != len(formula):
        raise DataError(f"{formula!r} is no formula; write element symbols with their amounts, such as 'Mg3(PO4)2'")
    return amounts


def featurize(formulas: Iterable[str], *, errors: Literal["raise", "coerce"] = "raise") -> pd.DataFrame:
    """Composition features of formulas.

    A statistic is taken over the elements of a formula: ``mean`` and ``deviation`` (mean absolute deviation from the
    mean) weighted by atomic fraction, ``min`` and ``max`` over the elements present. Of each element:

    ========================  ================================================================================
    electronegativity         Pauling's, dimensionless
    group, period             column (1 to 18, f elements 3) and row of the periodic table
    s_electrons, p_electrons  number in the valence shell of the free atom
    p_holes, d_holes          number missing from a p or d shell that the free atom has begun to fill
    open_d, open_f            1 where the free atom has a d or f shell that is neither empty nor full, else 0
    ========================  ================================================================================

    and of the whole: ``p_share``, the share of p among the valence electrons (those of filled d and f shells of the
    same period counted), and ``elements``, the number of different elements.

    Parameters
    ----------
    formulas
        n formulas as :func:`parse_formula` reads them. Only ratios count: "Fe2O3" and "Fe4O6" have the same features.
    errors
        What to do about an entry that is no formula or has an element without data (the noble gases He, Ne, Ar, Rn and
        everything beyond Bk): "raise", or "coerce" to a row of NaN.

    Returns
    -------
    (n, 19) frame of float64, columns ``FEATURES``, the formulas as given as its index.

    Raises
    ------
    DataError
        Some entries cannot be used: names rows, entries and elements.
    DataTypeError
        One string was given for a list of them.
    ParameterError
        ``errors`` is neither word.
    DependencyError
        The package elementembeddings is not installed.

    Examples
    --------
    >>> features = featurize(["NaCl", "Fe2O3", "Bi0.9Sb0.1"])
    >>> features[["electronegativity_mean", "group_max", "open_d_max"]].round(3)
                electronegativity_mean  group_max  open_d_max
    NaCl                         2.045       17.0         0.0
    Fe2O3                        2.796       16.0         1.0
    Bi0.9Sb0.1                   2.023       15.0         0.0
    >>> featurize(["NaCl", "n/a"], errors="coerce")["elements"].to_list()
    [2.0, nan]
    """
    if errors not in ("raise", "coerce"):
        raise ParameterError(f"errors={errors!r} is not known; write 'raise' or 'coerce'")
    if isinstance(formulas, str):
        raise DataTypeError(
            f"one string came, {formulas!r}, where a list of formulas was expected; write [{formulas!r}]"
        )
    table = _element_table()
    known = set(table.index)
    index = pd.Index(list(formulas), dtype=object)
    compositions, complaints = [], []
    for row, formula in enumerate(index):
        try:
            amounts = parse_formula(formula)
        except DataError:
            complaints.append(f"row {row}: {formula!r} is no formula")
            continue
        unknown = [symbol for symbol in amounts if symbol not in known]
        if unknown:
            complaints.append(f"row {row}: {formula!r} has {', '.join(unknown)}, of which there are no data")
        else:
            compositions.append((row, amounts))
    if complaints and errors == "raise":
        listed = "; ".join(complaints[:_MOST_LISTED])
        left_out = f"; and {len(complaints) - _MOST_LISTED} more" if len(complaints) > _MOST_LISTED else ""
        raise DataError(
            f"{len(complaints)} of {len(index)} formulas cannot be featurized ({listed}{left_out}); mend or drop them, "
            "or write errors='coerce' to have rows of NaN in their place"
        )
    features = np.full((len(index), len(FEATURES)), np.nan)
    if compositions:
        features[[row for row, _ in compositions]] = _statistics([amounts for _, amounts in compositions], table)
    return pd.DataFrame(features, index=index, columns=FEATURES)


def _statistics(compositions: list[dict[str, float]], table: pd.DataFrame) -> NDArray[np.float64]:
    """Features (n, 19) of n compositions, from one long array with a row for each element of each of them."""
    counts = np.array([len(amounts) for amounts in compositions])
    starts = np.concatenate([[0], counts[:-1].cumsum()])
    owner = np.repeat(np.arange(len(counts)), counts)
    weights = np.fromiter((amount for amounts in compositions for amount in amounts.values()), dtype=float)
    weights /= np.add.reduceat(weights, starts)[owner]
    values = table.loc[[symbol for amounts in compositions for symbol in amounts]]

    def mean(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(weights * value, starts)

    def deviation(value: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean(np.abs(value - mean(value)[owner]))

    statistics = {
        "mean": mean,
        "deviation": deviation,
        "min": lambda value: np.minimum.reduceat(value, starts),
        "max": lambda value: np.maximum.reduceat(value, starts),
    }
    columns = [statistics[kind](values[name].to_numpy()) for name, kept in _FEATURES.items() for kind in kept]
    p_share = mean(values["p_electrons"].to_numpy()) / mean(values["valence_electrons"].to_numpy())
    return np.column_stack([*columns, p_share, counts])


@cache
def _element_table() -> pd.DataFrame:
    """Properties (columns) of each element with data (rows), by symbol."""
    try:
        path = resources.files("elementembeddings") / "data/element_representations/magpie.csv"
    except ModuleNotFoundError:
        raise DependencyError(
            "composition features need the package elementembeddings; write pip install mfgp[materials]"
        ) from None
    with path.open() as file:
        magpie = pd.read_csv(file, index_col="element", keep_default_na=False).drop(index=_PLACEHOLDERS)
    return pd.DataFrame(
        {
            "electronegativity": magpie["Electronegativity"],
            "group": magpie["Column"],
            "period": magpie["Row"],
            "s_electrons": magpie["NsValence"],
            "p_electrons": magpie["NpValence"],
            "p_holes": magpie["NpUnfilled"],
            "d_holes": magpie["NdUnfilled"],
            "open_d": magpie["NdValence"].between(1, 9).astype(float),
            "open_f": magpie["NfValence"].between(1, 13).astype(float),
            "valence_electrons": magpie["NValence"],
        },
        dtype=float,
    )
