"""What a suite is given: its settings, a place for each figure, and a voice."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import machine
from benchmarks.contest import Contest


@dataclass(frozen=True)
class Settings:
    """How a suite is run.

    Parameters
    ----------
    quick
        A small version, to see that everything works; its figures mean little.
    peers
        Whether other packages take part.
    seeds, first_seed
        How many data sets of each kind, and the seed of the first.
    rounds
        How often each candidate is timed.
    limit
        Seconds that one fit may take.
    threads
        Threads of the contestants' processes; None for what their libraries choose.
    only
        Contestants that take part; all if empty.
    problems
        Words one of which a problem's name has to hold; all problems if empty.
    pythons
        For each module of contestants whose libraries are elsewhere, that environment's Python.
    data
        Folder of tables that are not part of the package; None if there is none.
    batch
        How many low-fidelity values an optimizer may buy at once.
    resume
        Whether to keep what the last run has recorded in the folder, and add what is missing.
    """

    quick: bool = False
    peers: bool = True
    seeds: int = 5
    first_seed: int = 0
    rounds: int = 7
    limit: float = 300.0
    threads: int | None = None
    only: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    pythons: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    batch: int = 5
    resume: bool = False

    def wants(self, contestant: str) -> bool:
        """Whether a contestant takes part."""
        return not self.only or contestant in self.only

    def wants_problem(self, name: str) -> bool:
        """Whether a problem is posed."""
        return not self.problems or any(word in name for word in self.problems)


class Context:
    """Collects a suite's figures, saving them as they come, and shows how far it is."""

    def __init__(self, suite: str, settings: Settings, out: Path | None = None, console: Console | None = None) -> None:
        self.suite, self.settings, self.out = suite, settings, out
        self.lines: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.machine = machine.describe()
        self._console = console or Console(quiet=True)
        if settings.resume and out is not None and (out / f"{suite}.json").exists():
            self.lines = json.loads((out / f"{suite}.json").read_text())["lines"]

    def has(self, **figures: Any) -> bool:
        """Whether there is a line with these figures."""
        return any(figures.items() <= line.items() for line in self.lines)

    def record(self, **figures: Any) -> None:
        """Keep a line of figures."""
        self.lines.append(figures)
        self.save()

    def note(self, text: str) -> None:
        """Say something that a reader of the results has to know."""
        if text not in self.notes:
            self.notes.append(text)
            self._console.print(text)

    def frame(self) -> pd.DataFrame:
        """All lines so far."""
        return pd.DataFrame(self.lines)

    def save(self, summary: pd.DataFrame | None = None) -> None:
        """Write SUITE.json, and SUITE.md where there is a summary."""
        if self.out is None:
            return
        self.out.mkdir(parents=True, exist_ok=True)
        record = {
            "suite": self.suite,
            "settings": asdict(self.settings) | {"data": self.settings.data is not None},
            "machine": self.machine,
            "load_at_end": machine.load(),
            "notes": self.notes,
        }
        tables = {"summary": [] if summary is None else summary.to_dict("records"), "lines": self.lines}
        text = json.dumps(record, indent=1).removesuffix("\n}") + "".join(
            f',\n "{name}": [\n' + ",\n".join(f"  {json.dumps(_plain(line))}" for line in lines) + "\n ]"
            for name, lines in tables.items()
        )
        (self.out / f"{self.suite}.json").write_text(text + "\n}\n")
        if summary is not None:
            (self.out / f"{self.suite}.md").write_text(self._page(summary))

    @contextmanager
    def progress(self, total: int) -> Iterator[_Steps]:
        """A bar of so many steps; ``step(text)`` says what is done next."""
        columns = (TextColumn(f"{self.suite}:"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("{task.description}"), console=self._console) as progress:
            yield _Steps(progress, progress.add_task("", total=total))

    @contextmanager
    def contest(self, *, warm: bool = True) -> Iterator[Contest]:
        """The contestants' processes, by these settings."""
        with Contest(self.settings.limit, self.settings.pythons, self.settings.threads, warm) as contest:
            yield contest

    def _page(self, summary: pd.DataFrame) -> str:
        found = self.machine
        versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        head = [
            f"# {self.suite}",
            "",
            f"{found['cpu']}, {found['cores']} cores; load {found['load'][0]:g} at the beginning, "
            f"{machine.load()[0]:g} at the end. Python {found['python']}; {versions}. Commit {found['commit']}.",
            "",
            *(f"- {note}" for note in self.notes),
            "",
        ]
        return "\n".join([*head, markdown(summary), ""])


@dataclass(frozen=True)
class _Steps:
    progress: Progress
    task: Any

    def __call__(self, text: str) -> None:
        """One step further, at `text` next."""
        self.progress.update(self.task, advance=1, description=text)


def _plain(line: Mapping[Any, Any]) -> dict[str, Any]:
    """Figures to six significant digits, those that are not there as null."""
    return {
        str(name): (float(f"{value:.6g}") if math.isfinite(value) else None) if isinstance(value, float) else value
        for name, value in line.items()
    }


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown, numbers to three significant digits."""
    rows = [list(map(str, table.columns)), ["---"] * table.shape[1]]
    rows += [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    return str(value)
