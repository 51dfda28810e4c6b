"""The site builds without a warning, and has a place for every public name."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def public_names() -> list[tuple[str, str]]:
    folders = sorted((DOCS.parent / "mfgp").glob("*/__init__.py"))
    packages = ["mfgp", *(f"mfgp.{folder.parent.name}" for folder in folders)]
    return [(home, name) for home in packages for name in getattr(importlib.import_module(home), "__all__", [])]


def test_site_builds_with_every_public_name_in_its_reference(tmp_path: Path) -> None:
    pytest.importorskip("sphinx.application")
    command = [sys.executable, "-m", "sphinx", "--fresh-env", "--quiet", "--fail-on-warning", str(DOCS), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    text = "".join(page.read_text() for page in (tmp_path / "generated").glob("*.html"))
    # a name has its place where users import it from, or where its own module is shown
    places = {(home, name): rf'id="(mfgp|{home}(\.\w+)?)\.{name}"' for home, name in public_names()}
    assert not [place for place, pattern in places.items() if not re.search(pattern, text)]
