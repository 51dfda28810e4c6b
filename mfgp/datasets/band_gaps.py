"""Measured band gaps of inorganic compounds with three calculated ones, colors and composition features."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import pandas as pd


@dataclass(frozen=True, eq=False)
class BandGaps:
    """The table of :func:`load_band_gaps` and its data sheet.

    Parameters
    ----------
    frame
        (493, 24): the gaps, the color and the composition features, with the formula as index.
    data_sheet
        Source, licence, units, making and columns of the table, in Markdown.
    """

    frame: pd.DataFrame
    data_sheet: str

    @property
    def X(self) -> pd.DataFrame:
        """(493, 19) composition features, as :func:`mfgp.materials.featurize` gives them."""
        return self.frame.drop(columns=[*self.Y, "color"])

    @property
    def Y(self) -> pd.DataFrame:
        """(493, 4) gaps in eV, low fidelity first: gap_mp, gap_aflow, gap_oqmd, gap_expt; NaN where unknown."""
        return self.frame.filter(like="gap_")

    @property
    def color(self) -> pd.Series:
        """(493,) color in eight categories; missing where not reported, for 415 compounds."""
        return self.frame["color"]

    @property
    def formula(self) -> pd.Series:
        """(493,) formulas, as text."""
        return self.frame.index.to_series()


def load_band_gaps() -> BandGaps:
    """Measured gaps (Strehlow and Cook 1973) of 493 compounds, joined with Materials Project, AFLOW and OQMD.

    Returns
    -------
    The table with its parts and its data sheet. Measured is what is scarce: predict ``gap_expt`` from the composition
    features in ``X`` and from the gaps calculated by density functional theory.

    Examples
    --------
    >>> gaps = load_band_gaps()
    >>> gaps.Y.loc["TiO2"].to_dict()
    {'gap_mp': 3.4299, 'gap_aflow': 2.2636, 'gap_oqmd': 1.965, 'gap_expt': 3.175}
    >>> gaps.Y.notna().sum().to_dict()
    {'gap_mp': 434, 'gap_aflow': 418, 'gap_oqmd': 431, 'gap_expt': 493}
    >>> gaps.color["HgS"], gaps.X.shape
    ('red', (493, 19))
    """
    folder = resources.files(__package__)
    with (folder / "band_gaps.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, index_col="formula", keep_default_na=False, na_values=[""])
    numbers = dict.fromkeys(frame.columns.drop("color"), float)
    frame = frame.astype({**numbers, "color": "category"})
    return BandGaps(frame, (folder / "band_gaps.md").read_text(encoding="utf-8"))
