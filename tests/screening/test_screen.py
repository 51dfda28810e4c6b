"""What a screening has to be whatever the pool: sorting everything, once, and by Prediction.of."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import mfgp
from mfgp.errors import ColumnError, DataError, DataTypeError, ExpressionError, NotFittedError, ParameterError
from mfgp.screening import ExpectedImprovement, Mean, Quantile, Screening, UpperBound, ValuePerCost
from mfgp.screening.question import Question
from mfgp.screening.scoring import Scorer
from mfgp.screening.source import open_pool
from mfgp.screening.tally import Counter

INPUTS = ["a", "b"]
WINDOW = "1.38 < high < 1.42"
Form = Callable[[pd.DataFrame, Path], Any]


def as_parquet(frame: pd.DataFrame, folder: Path) -> Any:
    frame.to_parquet(folder / "pool.parquet", row_group_size=170)
    return folder / "pool.parquet"


def as_folder(frame: pd.DataFrame, folder: Path) -> Any:
    for number, start in enumerate(range(0, len(frame), 400)):
        frame.iloc[start : start + 400].to_parquet(folder / f"{number}.parquet", row_group_size=150)
    return str(folder)


def as_glob(frame: pd.DataFrame, folder: Path) -> Any:
    as_folder(frame, folder)
    return f"{folder}/*.parquet"


def as_data_set(frame: pd.DataFrame, folder: Path) -> Any:
    import pyarrow.dataset

    return pyarrow.dataset.dataset(
        [f"{folder}/{number}.parquet" for number in range(4)] if as_folder(frame, folder) else []
    )


def as_arrow_table(frame: pd.DataFrame, folder: Path) -> Any:
    import pyarrow

    return pyarrow.Table.from_pandas(frame)


def as_csv(frame: pd.DataFrame, folder: Path) -> Any:
    frame.to_csv(folder / "pool.csv", index=False)
    return folder / "pool.csv"


def as_csv_files(frame: pd.DataFrame, folder: Path) -> Any:
    for number, start in enumerate(range(0, len(frame), 600)):
        frame.iloc[start : start + 600].to_csv(folder / f"{number}.csv.gz", index=False)
    return folder


def as_iterator(frame: pd.DataFrame, folder: Path) -> Iterator[pd.DataFrame]:
    return (frame.iloc[start : start + 37] for start in range(0, len(frame), 37))


def as_dask(frame: pd.DataFrame, folder: Path) -> Any:
    return pytest.importorskip("dask.dataframe").from_pandas(frame, npartitions=5)


FORMS: list[Form] = [
    as_parquet,
    as_folder,
    as_glob,
    as_data_set,
    as_arrow_table,
    as_csv,
    as_csv_files,
    as_iterator,
    as_dask,
]


def same(one: Screening, other: Screening) -> bool:
    pd.testing.assert_frame_equal(one.best, other.best, check_exact=True)
    return one.rows == other.rows and one.ranked == other.ranked


@pytest.fixture(scope="module")
def reference(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> Screening:
    return mfgp.screen(model, pool, where=WINDOW, top=50, given="low", keep="name", precision="double")


# Laws


def test_the_best_are_those_of_sorting_everything(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening
) -> None:
    prediction = model.predict_distribution(pool[INPUTS], given=pool[["low"]])
    everything = pool.assign(probability=prediction.of(WINDOW).probability, row=range(len(pool)))
    expected = everything.sort_values(["probability", "row"], ascending=[False, True]).head(50)
    np.testing.assert_allclose(reference.best["probability"], expected["probability"], rtol=1e-9)
    assert set(reference.best["row"]) == set(expected["row"])
    gap = prediction["high"].to_frame().iloc[reference.best["row"]]
    for name in ("mean", "std", "lower", "upper"):
        np.testing.assert_allclose(reference.best[name], gap[f"high_{name}"], rtol=1e-8)
    assert reference.best["name"].tolist() == pool["name"].iloc[reference.best["row"]].tolist()


def test_rows_that_are_equal_come_in_the_order_of_the_pool(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    found = mfgp.screen(model, pool, rank_by="high", top=200, precision="double").best
    twice = found[found["row"] >= 900]
    assert len(twice) > 20
    position = pd.Series(found.index, found["row"])
    for row in twice["row"]:
        assert position[row] == position[row - 900] + 1


@pytest.mark.parametrize("chunk_rows", [512, 1024, 10_000])
def test_chunks_change_nothing(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening, chunk_rows: int
) -> None:
    found = mfgp.screen(
        model, pool, where=WINDOW, top=50, given="low", keep="name", precision="double", chunk_rows=chunk_rows
    )
    assert same(found, reference)
    assert found.histogram == reference.histogram


@pytest.mark.parametrize("chunk_rows", [1, 7])
def test_chunks_of_few_rows_change_nothing(model: mfgp.DifferenceGP, pool: pd.DataFrame, chunk_rows: int) -> None:
    rows = pool.head(60)
    whole, single = (
        mfgp.screen(model, rows, where=WINDOW, given="low", keep="name", precision="double", chunk_rows=size)
        for size in (60, chunk_rows)
    )
    assert same(whole, single)
    assert whole.histogram == single.histogram


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_form_of_the_pool_changes_nothing(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening, tmp_path: Path, form: Form
) -> None:
    given = form(pool, tmp_path)
    found = mfgp.screen(
        model, given, where=WINDOW, top=50, given="low", keep="name", precision="double", chunk_rows=100
    )
    assert same(found, reference)


def test_workers_change_nothing(model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening) -> None:
    with parallel_config(backend="threading"):
        found = mfgp.screen(
            model, pool, where=WINDOW, top=50, given="low", keep="name", precision="double", chunk_rows=400, n_jobs=2
        )
    assert same(found, reference)


def test_what_workers_are_sent_survives_the_journey(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path
) -> None:
    question = Question.ask(model, WINDOW, None, "low", None, "name", False, None, 0.9)
    counter = Counter(Scorer.of(model, question), 20)
    for given in (pool, as_parquet(pool, tmp_path)):
        chunk = next(open_pool(given, question.columns, 100).chunks())
        here, there = counter(chunk), pickle.loads(pickle.dumps(counter))(pickle.loads(pickle.dumps(chunk)))
        pd.testing.assert_frame_equal(here.ranking.figures, there.ranking.figures, check_exact=True)


def test_single_precision_changes_nothing_that_is_reported(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening
) -> None:
    found = mfgp.screen(model, pool, where=WINDOW, top=50, given="low", keep="name", precision="single")
    assert same(found, reference)
    assert found.precision.single
    assert found.precision.rows == 512
    assert 0.0 < found.precision.difference < 0.05


def test_single_precision_is_used_where_it_is_enough(table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A twin of little noise is predicted with variances of a few rounding errors of single precision."""
    X, Y = table
    rough = Y["low"] + 0.5 * np.random.default_rng(0).standard_normal(len(Y))
    exact = np.sin(3 * X["a"])
    for values, single in [(rough, True), (exact, False)]:
        model = mfgp.IndependentGP().fit(X, pd.Series(values, name="value"))
        found = mfgp.screen(model, X, rank_by="value").precision
        assert found.single is single
        assert (found.difference <= 1e-3) is single
        assert str(found).startswith("single" if single else "double")


@pytest.mark.parametrize("first", [50.0, np.nan], ids=["far", "bad"])
def test_the_first_rows_do_not_decide_the_precision_of_the_rest(first: float) -> None:
    """Single precision is wrong by whole deviations at rows near data without noise, and right far off."""
    x = pd.DataFrame(np.random.default_rng(0).uniform(size=(20, 2)), columns=INPUTS)
    wave = np.sin(4 * x["a"])
    model = mfgp.DifferenceGP().fit(x, pd.DataFrame({"low": wave + x["b"], "high": 1.5 * wave + x["b"] ** 2}))
    near = pd.DataFrame(np.random.default_rng(1).uniform(size=(1000, 2)), columns=INPUTS)
    rows = pd.concat([near.head(512) + first, near], ignore_index=True)
    options: dict[str, Any] = {"where": "1 < high < 1.001", "top": 5}
    found = mfgp.screen(model, rows, **options)
    assert same(found, mfgp.screen(model, rows, precision="double", **options))
    assert found.precision.single is (first == 50.0)
    assert found.best["probability"].iloc[0] > 0.1


@pytest.mark.parametrize("given", [None, "low"])
def test_no_row_in_single_precision_is_wrong_by_a_thousandth_of_its_deviation(
    table: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.setattr("mfgp.screening.precision.WORTH", 0.0)  # checked row by row even where it does not pay
    X, Y = table
    rough = Y + 0.3 * np.random.default_rng(0).standard_normal(Y.shape)
    model, generator = mfgp.DifferenceGP().fit(X, rough), np.random.default_rng(2)
    spread = generator.choice([0.0, 0.01, 1.0, 30.0], size=(3000, 1))
    rows = X.iloc[generator.integers(40, size=3000)].reset_index(drop=True) + spread * generator.standard_normal(
        (3000, 2)
    )
    rows["low"] = np.where(generator.random(3000) < 0.5, 1.0, np.nan)
    told = {}
    for precision in ("auto", "double"):
        folder = tmp_path / precision
        found = mfgp.screen(model, rows, rank_by="high", given=given, precision=precision, scored=folder)
        told[precision] = pd.read_parquet(folder)
        assert found.precision.single is (precision == "auto")
    auto, double = (told[name][["mean", "std"]] for name in ("auto", "double"))
    gap = (auto - double).div(double["std"], axis="index").abs().to_numpy()
    assert 0.0 < gap.max() < 1e-3


def test_other_columns_and_their_order_change_nothing(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening
) -> None:
    found = mfgp.screen(
        model,
        pool[[*reversed(pool.columns)]].assign(other="x"),
        where=WINDOW,
        top=50,
        given="low",
        keep=["name"],
        precision="double",
    )
    assert same(found, reference)


@pytest.mark.parametrize(
    "estimator",
    [mfgp.MultiTaskGP(), mfgp.LatentVariableGP(), mfgp.IndependentGP(), mfgp.CascadeGP()],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.parametrize("observed", [False, True])
def test_every_architecture_is_screened_as_it_predicts(
    table: tuple[pd.DataFrame, pd.DataFrame], pool: pd.DataFrame, estimator: Any, observed: bool
) -> None:
    model, rows = estimator.fit(*table), pool.head(60)
    found = mfgp.screen(
        model, rows, where="high > 1.5", rank_by="high", given="low", top=60, least_probability=0.0, observed=observed
    ).best.sort_values("row")
    prediction = model.predict_distribution(rows[INPUTS], given=rows[["low"]], observed=observed)
    np.testing.assert_allclose(found["mean"], prediction.mean["high"], rtol=1e-6)
    np.testing.assert_allclose(found["std"], prediction.std["high"], rtol=1e-6)
    np.testing.assert_allclose(found["probability"], prediction.of("high > 1.5").probability, atol=1e-7)


def test_averages_over_the_hyperparameters_are_screened_as_they_predict(
    table: tuple[pd.DataFrame, pd.DataFrame], pool: pd.DataFrame
) -> None:
    X, Y = table
    model = mfgp.IndependentGP().fit(X.head(8), Y[["low"]].head(8))
    members = [deepcopy(model.model_) for _ in range(3)]
    for member, factor in zip(members, (0.5, 1.0, 2.0), strict=True):
        member.covar_module.input_kernels[0].lengthscale *= factor
    model.predictive_model_ = mfgp.TaskGPEnsemble(model.model_, members)  # as hyperparameters="posterior" makes it
    rows = pool.head(20)
    prediction = model.predict_distribution(rows[INPUTS])
    draws = prediction.sample(20_000, seed=0)[..., 0]
    for rank_by, expected, tolerance in [
        ("probability", prediction.of("0.2 < low < 0.8").probability, 1e-9),
        ("quantile(low, 0.2)", prediction.quantile(0.2)["low"], 1e-9),
        ("improvement(low, 1)", np.maximum(draws - 1.0, 0.0).mean(axis=0), 0.02),
    ]:
        found = mfgp.screen(model, rows, where="0.2 < low < 0.8", rank_by=rank_by, top=20, least_probability=0.0)
        np.testing.assert_allclose(found.best.sort_values("row")["score"], expected, atol=tolerance)
    together = mfgp.screen(model, rows, where="0.2 < low < 0.8", top=20, diverse=3)
    assert together.diverse is not None
    assert together.diverse["row"].iloc[0] == together.best["row"].iloc[0]


def test_labels_are_screened_by_their_classes(table: tuple[pd.DataFrame, pd.DataFrame], pool: pd.DataFrame) -> None:
    X, Y = table
    kind = pd.Series(np.where(X["a"] > 0.5, "right", "left"), name="kind")
    model, rows = mfgp.MultiTaskGP().fit(X, pd.concat([Y[["low"]], kind], axis=1)), pool.head(20)
    found = mfgp.screen(model, rows, where="kind == 'right' and low > 0", top=20).best.sort_values("row")
    prediction = model.predict_distribution(rows[INPUTS])
    expected = prediction.of("kind == 'right' and low > 0").probability
    np.testing.assert_allclose(found["probability"], expected, atol=1e-9)


def test_given_values_may_have_other_names_and_noise(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    rows = pool.head(50).rename(columns={"low": "computed"}).assign(error=0.2)
    found = mfgp.screen(
        model, rows, rank_by="high - low", given={"low": "computed"}, noise={"low": "error"}, top=50
    ).best.sort_values("row")
    prediction = model.predict_distribution(
        rows[INPUTS],
        given=rows[["computed"]].set_axis(["low"], axis=1),
        noise=rows[["error"]].set_axis(["low"], axis=1),
    )
    np.testing.assert_allclose(found["score"], prediction.of("high - low").mean, rtol=1e-7)


# Criteria


def test_criteria_are_those_of_the_prediction(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    rows = pool.head(80).assign(**{"the cost": pool["cost"]})
    high = model.predict_distribution(rows[INPUTS]).of("high")
    mean, std = high.mean.to_numpy(), high.std.to_numpy()
    probability = model.predict_distribution(rows[INPUTS]).of("high > 1").probability.to_numpy()
    z = np.random.default_rng(0).standard_normal(200_000)
    improvement = np.array([np.maximum(m + s * z - 1.5, 0.0).mean() for m, s in zip(mean, std, strict=True)])
    for rank_by, expected, tolerance in [
        ("high", mean, 1e-9),
        (Mean("high - 1"), mean - 1, 1e-9),
        (mfgp.task("high"), mean, 1e-9),
        ("mean(high)", mean, 1e-9),
        (Quantile("high", 0.1), high.quantile(0.1), 1e-9),
        ("quantile(high, 0.1)", high.quantile(0.1), 1e-9),
        (UpperBound("high", 1.5), mean + 1.5 * std, 1e-9),
        ("upper(high)", mean + 2 * std, 1e-9),
        (ExpectedImprovement("high", over=1.5), improvement, 2e-3),
        ("improvement(high, 1.5)", improvement, 2e-3),
        (ExpectedImprovement("exp(high)", over=4.0), None, 0),
        (ValuePerCost("1", "cost"), probability / rows["cost"], 1e-9),
        (ValuePerCost(1, "cost"), probability / rows["cost"], 1e-9),
        ("upper(maximum(high, high))", mean + 2 * std, 3e-2),
        ("upper ( high, 1.5 )", mean + 1.5 * std, 1e-9),
        ("value(1, 'the cost')", probability / rows["cost"], 1e-9),
        ("value(maximum(1, 1), cost)", probability / rows["cost"], 1e-9),
        ("maximum(high, high)", mean, 3e-2),
        ("value(high, cost)", probability * mean / rows["cost"], 1e-9),
    ]:
        found = mfgp.screen(model, rows, where="high > 1", rank_by=rank_by, least_probability=0.0, top=80)
        scores = found.best.sort_values("row")["score"].to_numpy()
        if expected is None:
            draws = np.array([np.maximum(np.exp(m + s * z) - 4.0, 0.0).mean() for m, s in zip(mean, std, strict=True)])
            np.testing.assert_allclose(scores, draws, atol=0.03 * draws.max())
        else:
            np.testing.assert_allclose(scores, expected, atol=tolerance)


def test_rows_that_are_hardly_probable_are_not_ranked(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    found = mfgp.screen(model, pool, where="low < 0.5", rank_by="high", top=2000)
    assert 0 < found.ranked == len(found.best) < found.rows
    assert found.best["probability"].min() >= 0.5
    assert found.histogram.total == found.rows
    strict = mfgp.screen(model, pool, where="low < 0.5", rank_by="high", top=2000, least_probability=0.9)
    assert strict.ranked < found.ranked


def test_figures_of_several_tasks_have_their_names(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    found = mfgp.screen(model, pool.head(20), where="high > low")
    assert {"low_mean", "high_mean", "high_upper", "probability"} <= set(found.best.columns)
    assert "mean" not in found.best.columns


def test_labels_of_the_rows_are_kept(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    by_name = pool.set_index("name")
    found = mfgp.screen(model, by_name, where=WINDOW, top=5).best
    assert found["name"].tolist() == by_name.index[found["row"]].tolist()


@pytest.mark.parametrize("name", ["rank", "row", "score", "gain"])
def test_labels_with_the_name_of_a_figure_are_refused(model: mfgp.DifferenceGP, pool: pd.DataFrame, name: str) -> None:
    with pytest.raises(ColumnError, match=f"the labels of the pool's rows have the name '{name}', that of a column"):
        mfgp.screen(model, pool.set_index("name").rename_axis(name), where=WINDOW)


def test_columns_that_come_twice_are_refused(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    twice = pd.concat([pool, pool[["a"]]], axis="columns")
    for form in (twice, iter([twice])):
        with pytest.raises(ColumnError, match="the pool has 'a' more than once"):
            mfgp.screen(model, form, where=WINDOW)


def test_nothing_may_be_probable_enough(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    found = mfgp.screen(model, pool.head(50), where="low > 100", rank_by="high", diverse=2)
    assert len(found.best) == 0
    assert found.ranked == 0
    assert found.rows == 50
    assert "0 rows are probable enough" in found.report()
    some = mfgp.screen(model, pool.head(50), where="low > 0", rank_by="high")
    assert found.best.columns.tolist() == some.best.columns.tolist()
    free = mfgp.screen(model, pool.head(2).assign(a=np.nan), rank_by="high", keep="name")
    assert free.best.columns.tolist() == ["row", "name", "score", "mean", "std", "lower", "upper"]


# Hits


def test_expected_hits_are_the_sum_of_probabilities(reference: Screening) -> None:
    hits = reference.expected_hits(20)
    assert hits.mean == pytest.approx(reference.best["probability"].head(20).sum())
    assert hits.std > 0.0
    assert reference.expected_hits(0) == (0.0, 0.0)


def test_rows_that_are_alike_hit_together(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    one = mfgp.screen(model, pool, where=WINDOW, top=1).best["row"].iloc[0]
    copies = pd.concat([pool.iloc[[one]]] * 10)
    found = mfgp.screen(model, copies, where=WINDOW)
    p = found.best["probability"].iloc[0]
    assert found.expected_hits().std == pytest.approx(10 * np.sqrt(p * (1 - p)), rel=0.05)


# Complaints


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ParameterError, "nothing to rank by came, expected where="),
        ({"rank_by": 3}, ParameterError, "rank_by=3, expected where="),
        ({"rank_by": "probability"}, ParameterError, "there is no condition whose probability could be ranked by"),
        ({"rank_by": "value(high, cost)"}, ParameterError, "there is no condition whose probability"),
        ({"rank_by": "quantile(high, much)"}, ParameterError, "'much' is no number; write one of 'probability'"),
        ({"rank_by": "upper(high, 1, 2)"}, ParameterError, "upper takes a quantity and one more thing; write one of"),
        ({"rank_by": "mean(high, 1)"}, ParameterError, "mean takes a quantity; write one of 'probability'"),
        ({"rank_by": "mean(low) - mean(high)"}, ParameterError, "mean(...) is no part of an expression; write an"),
        ({"rank_by": "high.sum(mean(high))"}, ParameterError, "mean(...) is no part of an expression; write an"),
        ({"rank_by": "mean(high"}, ExpressionError, "this is no expression"),
        ({"rank_by": "quantile(high, 2)"}, ParameterError, "probability=2.0, expected a probability between 0 and 1"),
        ({"rank_by": UpperBound("high", 1.0), "top": 0}, ParameterError, "top=0, expected a whole number of rows"),
        ({"rank_by": "high > 1"}, ParameterError, "is no quantity to rank by; give a condition as where="),
        ({"rank_by": "1"}, ParameterError, "depends on no task; rank by one of 'low', 'high'"),
        ({"rank_by": "height"}, ExpressionError, "there is no task 'height'"),
        ({"rank_by": mfgp.task("height")}, ColumnError, "there is no task 'height'"),
        ({"where": "high"}, ParameterError, "where='high' is no condition; compare"),
        ({"rank_by": "high", "least_probability": 0.5}, ParameterError, "least_probability=0.5, expected a number"),
        (
            {"where": WINDOW, "least_probability": 2},
            ParameterError,
            "least_probability=2, expected a number from 0 to 1",
        ),
        ({"where": WINDOW, "keep": "score"}, ColumnError, "keep= has 'score', the name of a column of results"),
        ({"where": WINDOW, "keep": "rank"}, ColumnError, "keep= has 'rank', the name of a column of results"),
        ({"where": "high > low", "keep": "low_mean"}, ColumnError, "keep= has 'low_mean', the name of a column"),
        ({"where": WINDOW, "keep": ["problem", "gain"]}, ColumnError, "keep= has 'problem', 'gain', the name of"),
        ({"where": WINDOW, "keep": 7}, DataTypeError, "keep=7, expected the name of a column, or a list of names"),
        ({"where": WINDOW, "n_jobs": 0}, ParameterError, "n_jobs=0, expected a number of processes, 1 or more, or -1"),
        ({"where": WINDOW, "client": "x"}, DataTypeError, "client is a str, expected a dask.distributed.Client; write"),
        ({"where": WINDOW, "progress": True}, DataTypeError, "progress=True, expected a function of what is done"),
        ({"where": WINDOW, "given": "height"}, ColumnError, "given= has 'height', which are no tasks"),
        ({"where": WINDOW, "noise": {"low": "cost"}}, ParameterError, "noise= is for 'low', but given= has"),
        ({"where": WINDOW, "level": 1}, ParameterError, "level=1, expected a probability"),
        ({"where": WINDOW, "precision": "half"}, ParameterError, "precision='half', expected 'auto'"),
        ({"where": WINDOW, "chunk_rows": 1.5}, ParameterError, "chunk_rows=1.5, expected a whole number"),
        ({"where": WINDOW, "diverse": -1}, ParameterError, "diverse=-1, expected a whole number"),
        ({"where": WINDOW, "diverse": 1001}, ParameterError, "diverse=1001, expected at most 1000 rows"),
        ({"where": WINDOW, "keep": "colour"}, ColumnError, "the pool lacks the columns 'colour'; it has 'a', 'b'"),
    ],
)
def test_what_cannot_be_asked_is_told(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(").replace(")", r"\)")):
        mfgp.screen(model, pool, **options)


def test_criteria_want_numbers() -> None:
    with pytest.raises(ParameterError, match="over='much', expected a finite number, for example over=1.5"):
        ExpectedImprovement("high", over="much")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="deviations=nan, expected a finite number"):
        UpperBound("high", float("nan"))


def test_models_that_cannot_be_screened_are_told(pool: pd.DataFrame, table: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    with pytest.raises(DataTypeError, match="model is a str, expected an estimator of mfgp"):
        mfgp.screen("model", pool, rank_by="high")
    with pytest.raises(NotFittedError, match="this DifferenceGP is not fitted yet; call fit"):
        mfgp.screen(mfgp.DifferenceGP(), pool, rank_by="high")
    cascade = mfgp.CascadeGP().fit(*table)
    with pytest.raises(ParameterError, match="diverse=2 needs the joint distribution of rows, which this CascadeGP"):
        mfgp.screen(cascade, pool, rank_by="high", diverse=2)
    with pytest.raises(ParameterError, match="precision='single' is for tasks that are numbers"):
        mfgp.screen(cascade, pool, rank_by="high", precision="single")


def test_expected_hits_want_a_condition_and_rows(
    model: mfgp.DifferenceGP, pool: pd.DataFrame, reference: Screening
) -> None:
    with pytest.raises(ParameterError, match="there is no condition to fulfil"):
        mfgp.screen(model, pool.head(9), rank_by="high").expected_hits()
    with pytest.raises(ParameterError, match="k=51, expected a number of rows up to 50"):
        reference.expected_hits(51)
    with pytest.raises(ParameterError, match="k=True, expected a number of rows"):
        reference.expected_hits(True)
    assert reference.expected_hits(np.int64(5)) == reference.expected_hits(5)  # type: ignore[arg-type]


def test_pools_that_are_none_are_told(model: mfgp.DifferenceGP, pool: pd.DataFrame, tmp_path: Path) -> None:
    for given, error, message in [
        (tmp_path / "none.parquet", DataError, "none.parquet is no file, and no folder or glob"),
        (3, DataTypeError, "the pool is a int, expected a pandas frame"),
        ([1, 2], DataTypeError, "the pool's iterator gave a int, expected pandas frames"),
        (pool.head(0), DataError, "the pool has no row"),
    ]:
        with pytest.raises(error, match=message):
            mfgp.screen(model, given, rank_by="high")
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(DataError, match="a.csv is empty; write a line of column names"):
        mfgp.screen(model, tmp_path / "a.csv", rank_by="high")
    (tmp_path / "b.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="b.csv is no CSV file"):
        mfgp.screen(model, tmp_path / "b.csv", rank_by="high")
    (tmp_path / "b.csv").write_text("a,b\n0.9,0.1,0.2\n0.8,0.3,0.4\n")
    with pytest.raises(DataError, match="b.csv has 2 column names and 3 fields in the line below: write a name for"):
        mfgp.screen(model, tmp_path / "b.csv", rank_by="high")
    (tmp_path / "b.csv").write_text("a,a,b\n0.9,0.1,0.2\n")
    with pytest.raises(ColumnError, match="b.csv has 'a' more than once: give each column its own name"):
        mfgp.screen(model, tmp_path / "b.csv", rank_by="high")
    (tmp_path / "c.parquet").write_text("text")
    with pytest.raises(DataError, match="c.parquet cannot be read as Parquet"):
        mfgp.screen(model, tmp_path / "c.parquet", rank_by="high")
    for part in "ab":
        (tmp_path / "two").mkdir(exist_ok=True)
        pool.to_parquet(tmp_path / "two" / f"{part}.parquet")
    (tmp_path / "two" / "b.parquet").write_bytes((tmp_path / "two" / "b.parquet").read_bytes()[:-100])
    with pytest.raises(DataError, match=r"two/b\.parquet cannot be read as Parquet"):
        mfgp.screen(model, tmp_path / "two", rank_by="high")
    pool.to_csv(tmp_path / "cut.csv.gz")
    (tmp_path / "cut.csv.gz").write_bytes((tmp_path / "cut.csv.gz").read_bytes()[:2000])
    (tmp_path / "plain.csv.gz").write_text("a,b\n1,2\n")
    for name in ("cut.csv.gz", "plain.csv.gz"):
        with pytest.raises(DataError, match=f"{name} cannot be read .*; write it anew, or give it the ending of"):
            mfgp.screen(model, tmp_path / name, rank_by="high")
        (tmp_path / name).unlink()
    with pytest.raises(DataError, match="has Parquet and CSV files; give those of one kind"):
        mfgp.screen(model, tmp_path, rank_by="high")
    (tmp_path / "d.txt").write_text("a")
    with pytest.raises(DataError, match="'d.txt' is neither a Parquet nor a CSV file"):
        mfgp.screen(model, tmp_path / "d.txt", rank_by="high")


def test_tables_of_other_libraries_are_told(model: mfgp.DifferenceGP) -> None:
    class Frame:
        def to_pandas(self) -> None: ...

    with pytest.raises(DataTypeError, match=r"the pool is a table of .*: write pool.to_pandas\(\)"):
        mfgp.screen(model, Frame(), rank_by="high")


# Report


def test_the_report_says_what_was_done(reference: Screening) -> None:
    text = repr(reference)
    assert "1,500 rows screened by the probability, double precision" in text
    assert "where (1.38 < high) & (high < 1.42)" in text
    assert "hits expected among the best 50" in text
    assert reference.to_frame().columns[:3].tolist() == ["rank", "row", "name"]


def test_progress_is_told_after_each_chunk(model: mfgp.DifferenceGP, pool: pd.DataFrame) -> None:
    told: list[Any] = []
    mfgp.screen(model, pool, rank_by="high", chunk_rows=600, progress=told.append)
    assert [each.rows for each in told] == [600, 1200, 1500]
    assert all(each.total == 1500 for each in told)
    assert told[-1].left == 0.0
    assert str(told[0]).startswith("600 of 1,500 rows, ")


def test_row_groups_are_as_long_as_they_are(pool: pd.DataFrame, tmp_path: Path) -> None:
    for form in (as_parquet, as_folder, as_data_set, as_arrow_table):
        folder = tmp_path / form.__name__
        folder.mkdir()
        opened = open_pool(form(pool, folder), list(pool), 100)
        lengths = [len(chunk.load()) for chunk in opened.chunks()]
        assert opened.total == sum(lengths) == len(pool)
        assert min(lengths) > 0
