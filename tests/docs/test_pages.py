"""Every code block of every page runs, and prints what the page says."""

from __future__ import annotations

import doctest
import shlex
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.testing import CliRunner

from mfgp.cli import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
NOT_RUN = {"sh", "text"}  # installation and what takes minutes; diagrams
NEEDS = {"ax.md": "ax"}  # pages about packages that are extras


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def fences(page: Path) -> list[Token]:
    return [token for token in MarkdownIt().parse(page.read_text()) if token.type == "fence"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_run_and_print_what_the_page_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name(page) in NEEDS:
        pytest.importorskip(NEEDS[name(page)])
    monkeypatch.chdir(tmp_path)
    runner, names, report = doctest.DocTestRunner(optionflags=FLAGS), {}, []
    for fence in fences(page):
        if fence.info == "python":
            test = doctest.DocTestParser().get_doctest(fence.content, {}, name(page), str(page), fence.map[0] + 1)
            test.globs = names
            runner.run(test, out=report.append, clear_globs=False)
        if fence.info == "console":
            for line in fence.content.splitlines():
                result = CliRunner().invoke(app, shlex.split(line.removeprefix("$ mfgp ")))
                assert result.exit_code == 0, f"{line}\n{result.output}"
    assert not report, "".join(report)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_block_is_left_out(page: Path) -> None:
    for fence in fences(page):
        if fence.info == "python":
            assert fence.content.startswith(">>> "), f"{page}:{fence.map[0] + 1}: write >>> before what is run"
        elif fence.info != "console":
            assert fence.info in NOT_RUN or fence.info.startswith("{"), f"{page}:{fence.map[0] + 1}: {fence.info!r}"
