"""The site builds without a warning, and has a place for every public name."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sphinx")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fresh-env", "--quiet", "--fail-on-warning", str(DOCS), str(out)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return out


def public_packages() -> list[str]:
    folders = sorted((DOCS.parent / "mfgp").glob("*/__init__.py"))
    return ["mfgp", *(f"mfgp.{folder.parent.name}" for folder in folders)]


@pytest.mark.parametrize("package", public_packages())
def test_every_public_name_is_in_the_reference(site: Path, package: str) -> None:
    text = "".join(page.read_text() for page in (site / "generated").glob("*.html"))
    names = getattr(importlib.import_module(package), "__all__", [])
    homes = rf"(mfgp|{package}|{package}\.\w+)"  # as users import it, or where its own module is shown
    assert not [name for name in names if not re.search(rf'id="{homes}\.{name}"', text)]
