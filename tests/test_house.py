"""The rules of the house: what may import what, how long a file may be, what a bare import costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import mfgp

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mfgp"
MOST_LINES = 400

# Who may import a library directly; a folder stands for everything in it.
PRIVILEGES = {
    "matplotlib": {"plotting"},
    "dask": {"screening"},
    "distributed": {"screening"},
    "sqlalchemy": {"optimization"},
    "sqlite3": {"optimization"},
    "psycopg": {"optimization"},
    "typer": {"cli"},
    "rich": {"cli"},
    "elementembeddings": {"materials"},
    "safetensors": {"persistence"},
}
PANDAS_FREE = {"kernels", "inference", "model", "cascade"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("mfgp", include_external_packages=True, cache_dir=None)


def direct_importers(graph: grimp.ImportGraph, library: str) -> set[str]:
    if library not in graph.modules:
        return set()
    importers = graph.find_modules_that_directly_import(library)
    return {importer.removeprefix("mfgp").removeprefix(".").partition(".")[0] for importer in importers}


def test_imports_go_downward_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("library", PRIVILEGES)
def test_a_library_is_imported_only_by_the_layer_that_owns_it(graph: grimp.ImportGraph, library: str) -> None:
    assert direct_importers(graph, library) <= PRIVILEGES[library]


def test_pandas_ends_in_data(graph: grimp.ImportGraph) -> None:
    assert not direct_importers(graph, "pandas") & PANDAS_FREE


def test_no_file_is_longer_than_the_limit() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert not {str(path): length for path, length in lengths.items() if length > MOST_LINES}


def test_a_bare_import_brings_none_of_the_optional_libraries() -> None:
    libraries = ["matplotlib", "dask", "distributed", "sqlalchemy", "typer", "elementembeddings"]
    code = f"import sys, mfgp; print(*[name for name in {libraries} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_subpackages_come_on_demand() -> None:
    """Each from a plain import, none of them before it is asked for."""
    code = """
import sys, mfgp
names = ["datasets", "materials", "optimization", "plotting", "screening", "validation"]
print([name for name in names if f"mfgp.{name}" in sys.modules])
print(set(names) | set(mfgp.__all__) <= set(dir(mfgp)))
print([getattr(mfgp, name).__name__ for name in names])
print(hasattr(mfgp, "data_sets"))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "[]",
        "True",
        "['mfgp.datasets', 'mfgp.materials', 'mfgp.optimization', 'mfgp.plotting', 'mfgp.screening', "
        "'mfgp.validation']",
        "False",
    ]


def test_a_name_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match="module 'mfgp' has no attribute 'data_sets'"):
        _ = mfgp.data_sets
