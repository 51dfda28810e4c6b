"""Every complaint says what came and what to do, is tested by its message, and has its line in the documentation."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
WORDS = 14  # characters that a test and a message have to share
OF_OTHERS = "while a minimum of 1 is required"  # scikit-learn's own words, which its checks of estimators look for
PASSED_ON = {"--of …, …", "…, in …"}  # what comes before the words of another complaint


@pytest.fixture(scope="module")
def errors() -> ModuleType:
    pytest.importorskip("docutils")
    path = ROOT / "docs" / "_extensions" / "errors.py"
    spec = importlib.util.spec_from_file_location("errors_of_the_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_complaint_has_a_cause_and_a_cure(errors: ModuleType) -> None:
    complaints = errors.complaints()
    assert len(complaints) > 300
    others = [each for each in complaints if OF_OTHERS not in each.message and each.message not in PASSED_ON]
    assert not [each for each in others if not each.cause or not each.cure]


def test_every_complaint_is_tested_by_its_message(errors: ModuleType) -> None:
    trees = [ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py")]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    tested = "\n".join(text.replace("\\", "") for text in constants if isinstance(text, str))

    def shares(message: str) -> bool:
        parts = [part.strip() for part in message.split(errors.BLANK)]
        length = min(WORDS, max(map(len, parts)))
        return any(part[start : start + length] in tested for part in parts for start in range(len(part) - length + 1))

    assert not [each for each in errors.complaints() if each.message not in PASSED_ON and not shares(each.message)]


@pytest.mark.parametrize(
    "message, cause, cure",
    [
        ("n=…, expected a whole number", "n=…", "expected a whole number"),
        ("… is empty; write a line", "… is empty", "write a line"),
        ("… is negative: give zero or more; or leave it out", "… is negative", "give zero or more; or leave it out"),
        ("it is wrong", "it is wrong", ""),
    ],
)
def test_cause_and_cure(errors: ModuleType, message: str, cause: str, cure: str) -> None:
    complaint = errors.Complaint("DataError", message, "mfgp")
    assert (complaint.cause, complaint.cure) == (cause, cure)


def test_messages_are_read_from_the_source(errors: ModuleType) -> None:
    source = "raise DataError(f'{a!r} is' + ' odd; ' f'write {1}')\nraise DataError(a)\n"
    assert list(errors._said(ast.parse(source))) == [("DataError", "… is odd; write …"), ("DataError", "…")]
