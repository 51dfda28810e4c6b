"""The file: what is wrong with one is said, and one that is there is never half replaced."""

from __future__ import annotations

import os
import pickle
import stat
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from gpytorch.kernels import RBFKernel
from safetensors.torch import save

import mfgp
from mfgp.errors import DataError, DataTypeError, FileError, NotFittedError, ParameterError
from mfgp.persistence import file as files
from mfgp.persistence import read_file, write_file

from .models import X_NEW, X, Y, fitted


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("smallest") / "model.mfgp"
    mfgp.IndependentGP().fit([[0.0], [1.0]], [0.0, 1.0]).save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fitted("independent").save(tmp_path / "model.mfgp")
    return tmp_path / "model.mfgp"


def _told(content: bytes) -> tuple[Any, ...]:
    """Everything that a file says."""
    document, tensors = files.decode("file", content)
    return document, {name: (str(t.dtype), t.shape, t.numpy().tobytes()) for name, t in tensors.items()}


def test_every_flipped_byte_is_detected_or_changes_nothing(smallest: bytes) -> None:
    told, detected = _told(smallest), 0
    for place in range(len(smallest)):
        changed = bytearray(smallest)
        changed[place] = other_byte(changed[place], place)
        try:
            assert _told(bytes(changed)) == told, place
        except FileError:
            detected += 1
    assert detected > 0.95 * len(smallest)


def other_byte(byte: int, place: int) -> int:
    """With a bit flipped, or a letter that means something to JSON: 1 to 1e, which is infinite, a quote, a brace."""
    candidates = [byte ^ 0x01, byte ^ 0x80, *b'e"{}[]:,-N\\0']
    found = candidates[place % len(candidates)]
    return found if found != byte else byte ^ 0x10


def test_every_truncation_is_detected(path: Path, smallest: bytes) -> None:
    for length in range(len(smallest)):
        with pytest.raises(FileError):
            files.decode("file", smallest[:length])
    content = path.read_bytes()
    for length in (len(content) - 1, len(content) // 2):
        path.write_bytes(content[:length])
        with pytest.raises(FileError, match=rf"cut short: it has {length} bytes, expected \d+; take another copy"):
            mfgp.load(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(FileError, match="is damaged"):
        mfgp.load(path)


def test_what_is_no_model_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (
        b"x,y\n1,2\n",
        pickle.dumps({"a": 1}),
        save({"a": torch.eye(2)}),
        os.urandom(500),
        b"\x08" + b"{" * 40,
    ):
        path.write_bytes(content)
        with pytest.raises(
            FileError, match=r"is no model of mfgp's, expected a file that model.save\(path\) or mfgp fit wrote"
        ):
            mfgp.load(path)
    path.write_bytes(b"")
    with pytest.raises(FileError, match="is empty: fit and save the model again"):
        mfgp.load(path)
    with pytest.raises(FileNotFoundError):
        mfgp.load(tmp_path / "nothing")


def test_a_newer_file_is_called_that(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, tensors = read_file(path)
    with monkeypatch.context() as patch:
        patch.setattr(files, "SCHEMA", 2)
        write_file(path, {**document, "versions": {"mfgp": "9.9"}}, tensors)
    with pytest.raises(
        FileError, match=r"newer mfgp \(9.9, schema 2\), but this one reads schema 1 at most; write pip"
    ):
        mfgp.load(path)


def test_nothing_but_estimators_and_values_comes_of_a_file(path: Path) -> None:
    """Of one that was forged well, checksum and all."""
    document, tensors = read_file(path)
    forged: list[dict[str, Any]] = [
        {"estimator": {"is": "system", "with": {"command": "true"}}},
        {"estimator": {"is": "os.system", "with": {}}},
        {"estimator": {"is": "FitReport", "with": {}}},
        {"estimator": {"is": "Levels", "with": {"values": {"tuple": []}}}},
        {"estimator": {"pickle": "gASVAAAAAAA="}},
        {"estimator": {"is": "IndependentGP", "with": {"shell": "true"}}},
        {"learned": {"predict": 3}},
        {"learned": {"__class__": 3}},
        {"models": {}},
        {"models": {"model": {**document["models"]["model"], "kernel": {"kind": "eval"}}}},
    ]
    for change in forged:
        write_file(path, {**document, **change}, tensors)
        with pytest.raises(FileError, match="is damaged: its content is not what was saved"):
            mfgp.load(path)
    write_file(path, document, {**tensors, "model.train_targets": tensors["model.train_targets"][:-1]})
    with pytest.raises(FileError, match="is damaged"):
        mfgp.load(path)


def test_a_folder_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(DataError, match=r"'.*nof/x' is in the folder '.*/nof', which is not there; make it first"):
        fitted("latent variable").save(path.parent / "nof" / "x")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    before = path.read_bytes()

    def crash(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, step, crash)
    with pytest.raises(OSError, match="no space left"):
        fitted("latent variable").save(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["model.mfgp"]


def test_a_file_has_the_rights_of_the_one_before_and_a_link_stays_one(path: Path) -> None:
    path.chmod(0o640)
    link = path.parent / "link"
    link.symlink_to(path)
    fitted("latent variable").save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert isinstance(mfgp.load(path), mfgp.LatentVariableGP)
    fresh = path.parent / "fresh"
    fitted("latent variable").save(fresh)
    (path.parent / "ordinary").touch()
    assert fresh.stat().st_mode == (path.parent / "ordinary").stat().st_mode


def test_what_cannot_be_saved_is_refused_with_a_way_out(tmp_path: Path) -> None:
    class Mine(mfgp.IndependentGP):
        pass

    path = tmp_path / "model.mfgp"
    with pytest.raises(NotFittedError, match=r"has no model to save; call fit\(X, Y\) first"):
        mfgp.IndependentGP().save(path)
    numbers, values = X[["radius"]], Y[["low"]]
    own = mfgp.IndependentGP(RBFKernel()).fit(numbers, values)
    message = r"kernel of IndependentGP is a RBFKernel of your own, which cannot be saved without executing .* pickle"
    with pytest.raises(ParameterError, match=message):
        own.save(path)
    with pytest.raises(ParameterError, match=r"the model uses a RBFKernel of your own, .* joblib.dump\(model, path\)"):
        own.set_params(kernel="rbf").save(path)
    with pytest.raises(DataTypeError, match=r"Mine is a class of your own, expected one of AutoGP, .* joblib"):
        Mine().fit(numbers, values).save(path)
    strange = values.set_axis([frozenset("a")], axis="columns")
    with pytest.raises(
        DataTypeError, match=r"a frozenset cannot be saved \(names of the tasks\), expected text, numbers, dates"
    ):
        mfgp.IndependentGP().fit(numbers, strange).save(path)
    foreign = mfgp.IndependentGP().fit(numbers, values)
    foreign.model_.covar_module = RBFKernel()
    with pytest.raises(DataTypeError, match="the model's kernel is a RBFKernel, expected one of this package's"):
        foreign.save(path)
    assert not list(tmp_path.iterdir())


def test_parameters_that_were_changed_after_the_fit_do_not_change_the_model(tmp_path: Path) -> None:
    model = deepcopy(fitted("draws"))
    expected = model.predict(X_NEW)
    model.set_params(kernel="rbf", rank=1).save(tmp_path / "model.mfgp")
    loaded = mfgp.load(tmp_path / "model.mfgp")
    assert (loaded.kernel, loaded.rank) == ("rbf", 1)
    assert loaded.predict(X_NEW).equals(expected)
