from __future__ import annotations

import sys
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfgp import materials
from mfgp.errors import DataError, DataTypeError, DependencyError, MfgpError, ParameterError
from mfgp.materials import FEATURES, featurize, parse_formula

AMOUNTS = st.dictionaries(st.sampled_from(["H", "Na", "Fe", "O", "Ce", "Bi"]), st.integers(1, 20), min_size=1)


@pytest.mark.parametrize(
    "formula, amounts",
    [
        ("NaN", {"Na": 1, "N": 1}),
        ("NA", None),
        ("Co", {"Co": 1}),
        ("CO", {"C": 1, "O": 1}),
        ("Mg3(PO4)2", {"Mg": 3, "P": 2, "O": 8}),
        ("K4[Fe(CN)6]", {"K": 4, "Fe": 1, "C": 6, "N": 6}),
        ("((Fe2)2O)0.5", {"Fe": 2, "O": 0.5}),
        ("CH3CH2OH", {"C": 2, "H": 6, "O": 1}),
        ("Bi.9Sb.1", {"Bi": 0.9, "Sb": 0.1}),
        ("Li0CoO2", {"Co": 1, "O": 2}),
    ],
)
def test_formulas_are_parsed(formula: str, amounts: dict[str, float] | None) -> None:
    if amounts is None:
        assert parse_formula(formula) == {"N": 1, "A": 1}
    else:
        assert parse_formula(formula) == amounts


@pytest.mark.parametrize(
    "text", ["", "fe2o3", "Fe2 O3", "Fe2O3-x", "Mg3(PO4", "PO4)2", "Fe+3", "H₂O", "Li0", "2Fe", "In1p1"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(
        DataError, match=r"is no formula; write element symbols with their amounts, such as 'Mg3\(PO4\)2'"
    ):
        parse_formula(text)


@given(AMOUNTS)
def test_a_composition_survives_writing_and_parsing(amounts: dict[str, int]) -> None:
    assert parse_formula("".join(f"{symbol}{number}" for symbol, number in amounts.items())) == amounts


@given(AMOUNTS, st.integers(2, 9))
def test_only_ratios_count_and_in_any_order(amounts: dict[str, int], factor: int) -> None:
    formula = "".join(f"{symbol}{number}" for symbol, number in amounts.items())
    multiple = "".join(f"{symbol}{number * factor}" for symbol, number in reversed(amounts.items()))
    features = featurize([formula, multiple])
    np.testing.assert_allclose(features.iloc[0], features.iloc[1], rtol=1e-12)


@given(AMOUNTS)
def test_statistics_are_in_order(amounts: dict[str, int]) -> None:
    row = featurize(["".join(f"{symbol}{number}" for symbol, number in amounts.items())]).iloc[0]
    en = {kind: row[f"electronegativity_{kind}"] for kind in ("min", "mean", "max", "deviation")}
    assert en["min"] - 1e-12 <= en["mean"] <= en["max"] + 1e-12
    assert 0 <= en["deviation"] <= (en["max"] - en["min"]) / 2 + 1e-12
    assert row["elements"] == len(amounts)


def test_values_computed_by_hand() -> None:
    row = featurize(["Al2O3"]).iloc[0]
    expected = {
        "electronegativity_mean": 0.4 * 1.61 + 0.6 * 3.44,
        "electronegativity_deviation": 2 * 0.4 * 0.6 * (3.44 - 1.61),
        "electronegativity_min": 1.61,
        "electronegativity_max": 3.44,
        "group_mean": 0.4 * 13 + 0.6 * 16,
        "group_deviation": 2 * 0.4 * 0.6 * 3,
        "group_max": 16,
        "period_mean": 0.4 * 3 + 0.6 * 2,
        "period_max": 3,
        "s_electrons_deviation": 0,
        "p_electrons_mean": 0.4 * 1 + 0.6 * 4,
        "p_electrons_deviation": 2 * 0.4 * 0.6 * 3,
        "p_electrons_max": 4,
        "p_holes_mean": 0.4 * 5 + 0.6 * 2,
        "d_holes_max": 0,
        "open_d_max": 0,
        "open_f_max": 0,
        "p_share": (0.4 * 1 + 0.6 * 4) / (0.4 * 3 + 0.6 * 6),
        "elements": 2,
    }
    assert list(expected) == FEATURES
    np.testing.assert_allclose(row, list(expected.values()), rtol=1e-12)


def test_open_shells_are_told_from_full_ones() -> None:
    features = featurize(["ZnO", "FeO", "EuO", "YbO", "HfO2"])
    assert features["open_d_max"].to_list() == [0, 1, 0, 0, 1]
    assert features["open_f_max"].to_list() == [0, 0, 1, 0, 0]


def test_statistics_agree_with_elementembeddings() -> None:
    composition = pytest.importorskip("elementembeddings.composition")
    formulas = ["GaAs", "Mg3(PO4)2", "Bi0.9Sb0.1", "CeO2"]
    theirs = composition.composition_featuriser(
        pd.DataFrame({"formula": formulas}), stats=["mean", "minpool", "maxpool"]
    )
    ours = featurize(formulas)
    for column, name in {
        "electronegativity_mean": "mean_Electronegativity",
        "electronegativity_min": "minpool_Electronegativity",
        "electronegativity_max": "maxpool_Electronegativity",
        "group_mean": "mean_Column",
        "period_max": "maxpool_Row",
        "p_holes_mean": "mean_NpUnfilled",
        "d_holes_max": "maxpool_NdUnfilled",
    }.items():
        np.testing.assert_allclose(ours[column], theirs[name], rtol=1e-12)


@pytest.mark.parametrize("container", [list, tuple, pd.Series, pd.Index, iter])
def test_formulas_come_in_any_container_and_become_the_index(container: type) -> None:
    formulas = ["GaAs", "NaN", "GaAs"]
    features = featurize(container(formulas))
    assert list(features.index) == formulas
    assert list(features) == FEATURES
    assert (features.dtypes == np.float64).all()


def test_no_formulas_give_no_rows() -> None:
    assert featurize([]).shape == (0, len(FEATURES))


def test_bad_formulas_are_named_in_one_error() -> None:
    with pytest.raises(DataError) as caught:
        featurize(["GaAs", "n/a", None, "XxO2", "HeNe"])
    assert str(caught.value) == (
        "4 of 5 formulas cannot be featurized (row 1: 'n/a' is no formula; row 2: None is no formula; row 3: 'XxO2' "
        "has Xx, of which there are no data; row 4: 'HeNe' has He, Ne, of which there are no data); mend or drop them, "
        "or write errors='coerce' to have rows of NaN in their place"
    )


def test_of_many_bad_formulas_the_first_are_named() -> None:
    with pytest.raises(DataError, match="12 of 12 .* row 9: '9' is no formula; and 2 more"):
        featurize([str(number) for number in range(12)])


def test_coerce_gives_rows_of_nan_in_place() -> None:
    features = featurize(["GaAs", "n/a", "HeNe", "NaCl"], errors="coerce")
    assert features.isna().all(axis=1).to_list() == [False, True, True, False]
    pd.testing.assert_frame_equal(features.dropna(), featurize(["GaAs", "NaCl"]))
    assert featurize(["n/a"], errors="coerce").isna().all(axis=None)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match="errors='ignore' is not known; write 'raise' or 'coerce'"):
        featurize(["GaAs"], errors="ignore")  # type: ignore[arg-type]
    with pytest.raises(DataTypeError, match=r"one string came, 'GaAs', .*; write \['GaAs'\]"):
        featurize("GaAs")


def test_without_elementembeddings_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(resources, "files", missing)
    materials._element_table.cache_clear()
    with pytest.raises(DependencyError, match=r"write pip install mfgp\[materials\]") as caught:
        featurize(["GaAs"])
    assert isinstance(caught.value, MfgpError)
    assert isinstance(caught.value, ImportError)


def test_the_code_of_elementembeddings_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("core", "composition", "plotter"):
        monkeypatch.setitem(sys.modules, f"elementembeddings.{module}", None)
    materials._element_table.cache_clear()
    assert featurize(["GaAs"]).notna().all(axis=None)
