from __future__ import annotations

import pytest

import mfgp
from tests.cli.conftest import Run


def test_the_version_is_the_package_s(run: Run) -> None:
    assert run("--version").stdout.strip() == mfgp.__version__


def test_help_names_every_verb(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(verb in result.stdout for verb in ("compare", "fit", "predict"))


@pytest.mark.parametrize("verb", ["compare", "fit", "predict"])
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert "--tasks" in result.stdout
