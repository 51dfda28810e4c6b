"""What is loaded is what was saved: predictions, report and all, bit for bit, in another process too."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

import mfgp
from mfgp.errors import DataError, DataTypeError

from .models import KINDS, X_NEW, X, Y, fitted, new_rows, outputs, predicted, predictions, same

LEARNED = [
    "noise_",
    "lengthscales_",
    "level_embeddings_",
    "task_correlation_",
    "rho_",
    "embedding_",
    "value_lengthscales_",
    "concentration_",
    "selection_",
    "classes_",
]


def through_file(model: Any, folder: Path, data: bool = True) -> Any:
    model.save(folder / "model.mfgp", data=data)
    return mfgp.load(folder / "model.mfgp")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def model(kind: str) -> Any:
    return fitted(kind)


@pytest.mark.parametrize("data", [True, False])
def test_predictions_are_the_same_bit_for_bit(kind: str, tmp_path: Path, data: bool) -> None:
    assert same(predictions(through_file(fitted(kind), tmp_path, data)), predicted(kind))


def test_predictions_are_the_same_in_another_process(tmp_path: Path) -> None:
    for number, kind in enumerate(KINDS):
        fitted(kind).save(tmp_path / f"{number}.mfgp")
        fitted(kind).save(tmp_path / f"{number}.small.mfgp", data=False)
    code = f"""
import pickle, warnings
from pathlib import Path
import mfgp
from tests.persistence.models import predictions
folder = Path({str(tmp_path)!r})
with warnings.catch_warnings():
    warnings.filterwarnings("error", module="mfgp")
    found = {{path.name: predictions(mfgp.load(path)) for path in folder.glob("*.mfgp")}}
(folder / "found").write_bytes(pickle.dumps(found))
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
    found = pickle.loads((tmp_path / "found").read_bytes())
    for number, kind in enumerate(KINDS):
        assert same(found[f"{number}.mfgp"], predicted(kind)), kind
        assert same(found[f"{number}.small.mfgp"], predicted(kind)), kind


def test_everything_that_was_learned_is_the_same(model: Any, tmp_path: Path) -> None:
    loaded = through_file(model, tmp_path)
    assert repr(loaded) == repr(model)
    assert loaded.get_params() == model.get_params() or isinstance(model, mfgp.AutoGP)
    assert loaded.fit_report_ == model.fit_report_
    assert (loaded._inputs, loaded._tasks, loaded.tasks_) == (model._inputs, model._tasks, model.tasks_)
    assert (loaded.predictive_model_ is loaded.model_) == (model.predictive_model_ is model.model_)
    compared = [name for name in LEARNED if hasattr(model, name)]
    assert "noise_" in compared
    for name in compared:
        _assert_equal(getattr(loaded, name), getattr(model, name))


def test_findings_and_what_is_left_out_are_the_same(model: Any, tmp_path: Path) -> None:
    loaded = through_file(model, tmp_path)
    assert repr(loaded.check(new_rows(loaded))) == repr(model.check(new_rows(model)))
    if hasattr(model, "predict_left_out"):
        for found, expected in zip(loaded.predict_left_out(), model.predict_left_out(), strict=True):
            _assert_equal(found, expected)


def test_factors_of_a_recalibration_are_the_same(tmp_path: Path) -> None:
    model = fitted("grown")
    loaded = through_file(model, tmp_path)
    expected, found = (mfgp.recalibrate(each) for each in (model, loaded))
    _assert_equal(found.table, expected.table)
    scaled = [each.apply(m.predict_distribution(X_NEW)) for each, m in ((found, loaded), (expected, model))]
    _assert_equal(scaled[0].std, scaled[1].std)


@pytest.mark.parametrize("kind", ["draws", "auto"])
def test_what_is_loaded_learns_on_alike(kind: str, tmp_path: Path) -> None:
    model = fitted(kind)
    more = new_rows(model), outputs(X_NEW)
    grown, expected = through_file(model, tmp_path).condition_on(*more), model.condition_on(*more)
    assert same(predictions(grown), predictions(expected))


def test_a_warm_start_begins_where_the_saved_model_ended(tmp_path: Path) -> None:
    model = copy.copy(fitted("draws"))
    loaded = through_file(model, tmp_path)
    for each in (model, loaded):
        each.fit(X, Y)
    assert loaded.fit_report_.best == "current"
    assert same(predictions(loaded), predictions(model))


def test_the_same_model_gives_the_same_file(model: Any, tmp_path: Path) -> None:
    """Twice, after it has predicted, and what was loaded from it too."""
    paths = [tmp_path / name for name in ("first", "second", "third")]
    model.save(paths[0])
    model.predict(new_rows(model))
    model.save(paths[1])
    mfgp.load(paths[0]).save(paths[2])
    assert len({path.read_bytes() for path in paths}) == 1


def test_a_file_without_data_tells_neither_values_nor_rows(tmp_path: Path) -> None:
    model = fitted("multi-task")
    sizes = {}
    for data in (True, False):
        model.save(tmp_path / "file", data=data)
        content = (tmp_path / "file").read_bytes()
        for tensor in (model.model_.train_targets, model.model_.likelihood.known_variance):
            assert (tensor.numpy().tobytes() in content) == data
        assert (b"sample 3" in content) == data
        sizes[data] = len(content)
    assert sizes[False] > sizes[True]  # the factor takes more room than the data that it can be made from


def test_without_data_nothing_can_be_learned(tmp_path: Path) -> None:
    loaded = through_file(fitted("multi-task"), tmp_path, data=False)
    for ask in (
        lambda: loaded.condition_on(X_NEW, outputs(X_NEW).set_axis(loaded.tasks_, axis="columns")),
        loaded.predict_left_out,
        loaded.check,
        lambda: mfgp.recalibrate(loaded),
        lambda: loaded.save(tmp_path / "again"),
    ):
        with pytest.raises(DataError, match=r"was saved with data=False and has no .*; write save\(path\)"):
            ask()
    rows = torch.cat([loaded.model_.train_inputs[0][:2]])
    for learn in (
        lambda: loaded.model_.condition_on_observations(rows, torch.zeros(2, 1).double()),
        loaded.model_.fit,
        loaded.model_.refit,
    ):
        with pytest.raises(DataError, match=r"saved with data=False, so it predicts but cannot learn on"):
            learn()


def test_without_data_it_can_be_saved_again(tmp_path: Path) -> None:
    loaded = through_file(fitted("draws"), tmp_path, data=False)
    loaded.save(tmp_path / "again", data=False)
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model.mfgp").read_bytes()


def test_labels_without_data_have_no_probabilities_left_out(tmp_path: Path) -> None:
    loaded = through_file(fitted("independent"), tmp_path, data=False)
    assert len(loaded.predict_proba(X_NEW)) == len(X_NEW)
    with pytest.raises(DataError, match="no predictions of what was left out"):
        loaded.predict_proba_left_out()


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_ordinary_copies_predict_the_same(kind: str, copied: Any) -> None:
    assert same(predictions(copied(fitted(kind))), predicted(kind))


def test_joblib_keeps_a_model_with_a_kernel_of_ones_own(tmp_path: Path) -> None:
    from gpytorch.kernels import RQKernel

    model = mfgp.IndependentGP(kernel=RQKernel()).fit(X[["radius"]], Y[["low"]])
    joblib.dump(model, tmp_path / "model.joblib")
    assert same(predictions(joblib.load(tmp_path / "model.joblib")), predictions(model))


def test_the_state_of_torch_and_numpy_is_as_before(tmp_path: Path) -> None:
    fitted("multi-task").save(tmp_path / "file")
    before = torch.get_default_dtype(), torch.random.get_rng_state().tolist(), torch.get_num_threads()
    drawn = np.random.get_state()[1].tolist()  # noqa: NPY002
    mfgp.load(tmp_path / "file").predict(X_NEW)
    fitted("multi-task").save(tmp_path / "file")
    assert before == (torch.get_default_dtype(), torch.random.get_rng_state().tolist(), torch.get_num_threads())
    assert drawn == np.random.get_state()[1].tolist()  # noqa: NPY002


@pytest.mark.parametrize("default", [torch.float32, torch.float64])
def test_the_default_type_of_torch_does_not_matter(tmp_path: Path, default: torch.dtype) -> None:
    fitted("cascade").save(tmp_path / "file")
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        loaded = mfgp.load(tmp_path / "file")
    finally:
        torch.set_default_dtype(before)
    assert same(predictions(loaded), predicted("cascade"))


def test_single_precision_inputs_and_a_device_of_torchs_are_kept(tmp_path: Path) -> None:
    x = np.linspace(0.0, 1.0, 9, dtype=np.float32)[:, None]
    model = mfgp.IndependentGP(device=torch.device("cpu")).fit(x, np.sin(6.0 * x[:, 0]))
    loaded = through_file(model, tmp_path)
    assert loaded.device == torch.device("cpu")
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_of_a_gpu_loads_to_the_cpu(tmp_path: Path) -> None:
    model = mfgp.MultiTaskGP(device="cuda").fit(X, Y)
    loaded = through_file(model, tmp_path)
    assert loaded.model_.train_targets.device.type == "cpu"
    np.testing.assert_allclose(loaded.predict(X_NEW), model.predict(X_NEW), rtol=1e-9)


def test_row_labels_of_any_kind_come_back(tmp_path: Path) -> None:
    X = pd.DataFrame({"x": np.linspace(0.0, 1.0, 6)})
    y = np.sin(6.0 * X.x)
    for index in (
        pd.RangeIndex(3, 9, name="row"),
        pd.Index([1.5, 2.5, 3.5, 4.5, 5.5, 6.5]),
        pd.date_range("2026-03-01", periods=6, tz="Europe/Berlin"),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["batch", None]),
        pd.CategoricalIndex(list("ababab")),
        pd.Index(["ü", "", "\ud800", "x" * 1000, "1", " "], dtype=object),
    ):
        model = mfgp.IndependentGP().fit(X.set_axis(index), y.set_axis(index))
        loaded = through_file(model, tmp_path)
        assert loaded._index.equals(model._index), index
        assert list(loaded._index.names) == list(model._index.names)
    complaint = (
        r"a Period cannot be saved \(labels of the rows\), expected text, numbers, .* joblib.dump\(model, path\)"
    )
    model = mfgp.IndependentGP().fit(X.set_axis(pd.period_range("2026", periods=6, freq="Y")), y.to_numpy())
    with pytest.raises(DataTypeError, match=complaint):
        model.save(tmp_path / "model.mfgp")
    model.save(tmp_path / "model.mfgp", data=False)


def _assert_equal(found: Any, expected: Any) -> None:
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_freq=False)
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_exact=True)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            _assert_equal(found[name], value)
    else:
        np.testing.assert_array_equal(found, expected)
