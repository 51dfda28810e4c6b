from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.build_band_gaps import COLORS, composition_key, differences, plain_formula
from mfgp.datasets import BandGaps, load_band_gaps
from mfgp.materials import FEATURES, featurize

SOURCES = Path(os.environ.get("MFGP_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="module")
def gaps() -> BandGaps:
    return load_band_gaps()


def test_the_parts_make_up_the_frame(gaps: BandGaps) -> None:
    assert list(gaps.frame) == [*gaps.Y, "color", *gaps.X]
    assert list(gaps.Y) == ["gap_mp", "gap_aflow", "gap_oqmd", "gap_expt"]
    assert list(gaps.X) == FEATURES
    assert gaps.Y.notna().sum().to_list() == [434, 418, 431, 493]
    assert set(gaps.frame.drop(columns="color").dtypes) == {np.dtype(np.float64)}
    assert gaps.frame.index.is_unique
    assert list(gaps.formula) == list(gaps.frame.index)


def test_gaps_are_energies_of_nonmetals(gaps: BandGaps) -> None:
    assert gaps.Y.stack().dropna().between(0, 15).all()
    assert (gaps.Y["gap_expt"] > 0).all()
    assert np.isfinite(gaps.X.to_numpy()).all()


def test_the_features_are_those_of_featurize(gaps: BandGaps) -> None:
    expected = featurize(gaps.formula)
    pd.testing.assert_frame_equal(gaps.X, expected.rename_axis("formula"), rtol=1e-10, check_index_type=False)


def test_colors_are_eight_groups(gaps: BandGaps) -> None:
    assert gaps.color.notna().sum() == 78
    assert set(gaps.color.cat.categories) == set(COLORS)
    assert gaps.color.value_counts().to_dict() == {
        "red": 19,
        "yellow": 15,
        "white": 14,
        "gray": 14,
        "black": 6,
        "brown": 4,
        "orange": 3,
        "blue/green": 3,
    }


def test_the_data_sheet_names_every_gap_column_and_licence(gaps: BandGaps) -> None:
    assert all(f"`{task}`" in gaps.data_sheet for task in gaps.Y)
    assert all(licence in gaps.data_sheet for licence in ("Apache-2.0", "MIT", "CC BY 4.0"))


def test_a_loaded_table_is_the_callers_own(gaps: BandGaps) -> None:
    mine = load_band_gaps()
    mine.frame["gap_expt"] = 0.0
    assert gaps.Y["gap_expt"].min() > 0
    assert load_band_gaps().Y["gap_expt"].min() > 0


@pytest.mark.parametrize(
    "formula, key, plain",
    [("Ag2O1", "Ag2O1", "Ag2O"), ("V2O4", "O2V1", "V2O4"), ("Bi1Sb0.25", "Bi0.8000Sb0.2000", "BiSb0.25")],
)
def test_formulas_of_one_composition_share_a_key(formula: str, key: str, plain: str) -> None:
    assert composition_key(formula) == key
    assert plain_formula(formula) == plain


@pytest.mark.skipif(not SOURCES.is_dir(), reason=f"no folder {SOURCES}; set MFGP_DATA to one with the joined table")
def test_the_shipped_table_agrees_with_an_independent_join(gaps: BandGaps) -> None:
    assert differences(gaps.frame, SOURCES) == []
    wrong = gaps.frame.copy()
    wrong.loc["GaAs", "gap_mp"] += 1e-6
    wrong.loc["HgS", "color"] = "white"
    assert differences(wrong, SOURCES) == ["gap_mp differs for ['As1Ga1']", "color differs for ['Hg1S1']"]
    assert "in one table only: ['As1Ga1']" in differences(wrong.drop(index="GaAs"), SOURCES)[0]
