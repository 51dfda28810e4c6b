from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mfgp.cli.table import Columns, prepare_folder, read_table
from mfgp.errors import ColumnError, DataError, ParameterError

FRAME = pd.DataFrame({"name": ["x"], "a": [1.0], "b": [2], "low": [3.0], "low_sd": [0.1], "high": [4.0]})


def choose(tasks: str = "low,high", inputs: str | None = None, noise: list[str] | None = None) -> Columns:
    return Columns.choose(FRAME, tasks, inputs, None, noise)


def test_inputs_are_the_columns_of_numbers_that_have_no_other_use() -> None:
    columns = choose(noise=["low=low_sd"])
    assert columns.inputs == ["a", "b"]
    assert columns.Y(FRAME).columns.tolist() == ["low", "high"]
    noise = columns.known_noise(FRAME)
    assert noise is not None
    assert noise.to_dict("list") == {"low": [0.1]}
    assert choose().known_noise(FRAME) is None


def test_true_and_false_are_inputs_of_their_own_accord() -> None:
    frame = FRAME.assign(heated=True, annealed=pd.Series([None], dtype=object)).loc[[0, 0]].reset_index(drop=True)
    frame.loc[0, "annealed"] = False
    assert Columns.choose(frame, "low,high", None, None, ["low=low_sd"]).inputs == ["a", "b", "heated", "annealed"]


def test_inputs_can_be_named_in_any_order() -> None:
    assert choose(inputs="b,a").X(FRAME).columns.tolist() == ["b", "a"]


def test_composition_features_take_the_place_of_inputs_or_stand_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("formula,pressure,gap\nNaN,1,2\nGaAs,2,1.4\n")
    frame = read_table(path, "formula")
    features = Columns.choose(frame, "gap", None, "formula", None).X(frame)
    assert features["elements"].tolist() == [2.0, 2.0]
    assert "pressure" not in features
    assert Columns.choose(frame, "gap", "pressure", "formula", None).X(frame).shape[1] == features.shape[1] + 1


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"tasks": "low,hgih"},
            "there is no column 'hgih'; the columns are 'name', 'a', 'b', 'low', 'low_sd' and 1 more",
        ),
        ({"inputs": "a,c"}, "there is no column 'c'"),
        ({"noise": ["low=sd"]}, "there is no column 'sd'"),
        ({"inputs": "a,low"}, "'low' is named by --inputs and by --tasks; leave it out of one of them"),
        ({"tasks": "a,b,low,low_sd,high"}, "no column of numbers is left for an input; name some by --inputs"),
    ],
)
def test_columns_that_do_not_fit_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(ColumnError, match=message):
        choose(**options)  # type: ignore[arg-type]


def test_noise_of_what_is_no_task_is_refused() -> None:
    with pytest.raises(ParameterError, match="--noise is for 'a', no task; the tasks are 'low', 'high'"):
        choose(noise=["a=low_sd"])


def test_a_later_file_has_to_have_the_inputs() -> None:
    with pytest.raises(ColumnError, match="there is no column 'b'; the columns are 'name', 'a'"):
        choose(inputs="a,b").X(FRAME[["name", "a"]])


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "is no CSV file"),
        ("a,b\n1,2\n1,2,3\n", "is no CSV file"),
        ("a,b\n", "has no row below its column names; give at least one"),
    ],
)
def test_files_that_are_no_tables_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="is no CSV file"):
        read_table(path)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(DataError, match=r"nowhere.csv cannot be read \(No such file or directory\); give the path"):
        read_table(Path("nowhere.csv"))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"file cannot be made \(File exists\); give another --out"):
        prepare_folder(tmp_path / "file")


def test_lines_with_a_field_too_many_and_names_that_come_twice_are_told(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    for text in ("a,b\n0.9,0.1,0.2\n0.8,0.3,0.4\n", "a,b\n0.9,0.1,\n"):
        path.write_text(text)
        with pytest.raises(DataError, match=r"table\.csv has 2 column names and 3 fields in the line below: write a"):
            read_table(path)
    path.write_text("a,a,b\n1,2,3\n")
    with pytest.raises(ColumnError, match=r"table\.csv has 'a' more than once"):
        read_table(path)
    path.write_text(",a,b\n0,2,3\n")
    assert read_table(path).shape == (1, 3)
