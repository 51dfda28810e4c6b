from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import no_reduction
from benchmarks.no_reduction import COLUMNS, DESORPTION, TABLE, inputs, line, load, scores, split, summary


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Six metals, five facets: energies that are linear in the period, one surface without NO."""
    folder = tmp_path_factory.mktemp("data")
    metals, facets = ["Ag", "Au", "Co", "Cu", "Ni", "Pd"], ["110", "111", "211", "311", "532"]
    table = pd.DataFrame([(metal, facet) for metal in metals for facet in facets], columns=["metal", "facet"])
    energy = table["metal"].map(dict(zip(metals, [3.0, 3.5, 0.0, 1.0, 0.5, 1.5], strict=True)))
    energy = energy + 0.1 * table["facet"].map(facets.index)
    table[COLUMNS["N2"]], table[COLUMNS["NO(g)"]], table[COLUMNS["NO*"]] = 2.0 * energy, energy, 0.5 * energy + 1.0
    table.loc[0, COLUMNS["NO*"]] = np.nan
    table[DESORPTION] = table[COLUMNS["NO*"]] - table[COLUMNS["NO(g)"]]
    table.to_csv(folder / TABLE, index=False)
    found, Y, desorption = load(Path(folder))
    np.testing.assert_allclose(Y["NO*"] - Y["NO(g)"], desorption)
    return found, Y


@pytest.mark.parametrize("kind", ["random", "one metal left out"])
def test_no_predicted_surface_is_learned_from(kind: str, surfaces: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found, _ = surfaces
    assert len(found) == 29
    for seed in range(12):
        learned, predicted = split(found, kind, seed)
        assert 15 <= len(learned) <= 20
        assert not set(learned) & set(predicted)
        apart = set(found["metal"].iloc[learned]) & set(found["metal"].iloc[predicted])
        assert bool(apart) == (kind == "random")


def test_inputs_are_features_or_the_names(surfaces: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found, _ = surfaces
    assert list(inputs(found, categories=True)) == ["metal", "facet"]
    table = inputs(found, categories=False)
    assert {"(110)", "(532)", "period_mean"} <= set(table)
    assert table.nunique().min() > 1


def test_scores_of_a_known_answer() -> None:
    found = scores("d", np.zeros(2), np.array([1.0, -1.0]), np.full(2, 2.0), np.array([[-1.0, 1.0], [-3.0, -0.5]]))
    assert found["d: error"] == 1.0
    assert found["d: coverage"] == 0.5
    assert found["d: deviation"] == 2.0
    assert found["d: log density"] == pytest.approx(-0.5 * np.log(8.0 * np.pi) - 0.125)


def test_lines_of_tasks_that_are_linear(surfaces: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path) -> None:
    found, Y = surfaces
    lines = [
        {"inputs": "features", **line(model, found, Y, kind, "both scarce", 0, False)}
        for model in ("MultiTaskGP", "straight line")
        for kind in ("random", "one metal left out")
    ]
    table = summary(pd.DataFrame(lines))
    straight = table.loc[("features", "random", "both scarce", "straight line")]
    assert straight["NO*: error"] < 1e-9
    assert straight["difference: error"] < 1e-9
    joint = table.loc[("features", "random", "both scarce", "MultiTaskGP")]
    assert joint["difference: deviation"] < joint["as if independent: deviation"]
    assert joint["difference: error"] < 0.2
    no_reduction.draw(table, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
