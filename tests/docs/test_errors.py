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
    passing_on = [each for each in others if not each.cure.strip(errors.BLANK)]
    assert len(passing_on) < 8  # the reason of a library, or a guess at what was meant, comes last in these


def test_every_complaint_is_tested_by_its_message(errors: ModuleType) -> None:
    """By words that at most one other message has, or by words from two places of it."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "tests").rglob("*.py")]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    tested = [text.replace("\\", "") for text in constants if isinstance(text, str) and len(text) > 4]
    everything = "\n".join(tested)
    messages = {each.message for each in errors.complaints()}

    def is_tested(message: str) -> bool:
        parts = [part.strip() for part in message.split(errors.BLANK) if len(part.strip()) > 1]
        length = min(WORDS, max(map(len, parts)))
        shared = [words for part in parts for words in windows(part, length) if words in everything]
        if any(sum(words in other for other in messages) <= 2 for words in shared):
            return True
        pieces = [windows(part, min(len(part), WORDS)) for part in parts]
        return any(sum(any(words in text for words in part) for part in pieces) > 1 for text in tested)

    assert not [message for message in messages - PASSED_ON if not is_tested(message)]


def windows(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(len(text) - length + 1)]


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
