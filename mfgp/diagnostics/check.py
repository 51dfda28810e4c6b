"""Check: all findings about a fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from textwrap import wrap

import pandas as pd

from mfgp.data.table import listed
from mfgp.diagnostics.finding import Finding, Status
from mfgp.errors import ColumnError

WIDTH = 100
_ORDER: tuple[Status, ...] = ("issue", "tip", "passed", "not applicable")


@dataclass(frozen=True, repr=False)
class Check:
    """What a careful statistician would say of a fit: findings, each passed, a tip, an issue or not applicable.

    Parameters
    ----------
    subject
        What was looked at, in a word or two.
    findings
        In the order in which they were looked at.

    Examples
    --------
    >>> advice = "Leave 'b' out."
    >>> Check("a fit", (Finding("inputs", "tip", "1 of 2 inputs is constant: 'b'.", 1, 0, advice, ("b",)),))
    a fit: 1 tip
      tip     inputs     1 of 2 inputs is constant: 'b'.
                         > Leave 'b' out.
    """

    subject: str
    findings: tuple[Finding, ...]

    @property
    def issues(self) -> tuple[Finding, ...]:
        """The findings that make predictions or their deviations doubtful."""
        return tuple(finding for finding in self.findings if finding.status == "issue")

    @property
    def tips(self) -> tuple[Finding, ...]:
        """The findings that are worth knowing."""
        return tuple(finding for finding in self.findings if finding.status == "tip")

    def __getitem__(self, name: str) -> Finding:
        """The finding of a name.

        Raises
        ------
        ColumnError
            There is none of that name.
        """
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise ColumnError(f"there is no finding {name!r}; they are {listed(finding.name for finding in self.findings)}")

    def to_frame(self) -> pd.DataFrame:
        """One line a finding, by its name: status, found, figure, threshold, advice and where."""
        return pd.DataFrame([asdict(finding) for finding in self.findings]).set_index("name")

    def __repr__(self) -> str:
        counts = Counter(finding.status for finding in self.findings)
        told = [
            f"{counts[status]} {status}{'s' if counts[status] > 1 and status in ('issue', 'tip') else ''}"
            for status in _ORDER
            if counts[status]
        ]
        lines = [f"{self.subject}: {', '.join(told)}"]
        for finding in sorted(self.findings, key=lambda finding: _ORDER.index(finding.status)):
            lines += _told(finding)
        return "\n".join(lines)


def _told(finding: Finding) -> list[str]:
    """The lines of one finding: what was found, and under it what to do."""
    status = "-" if finding.status == "not applicable" else finding.status
    head = f"  {status:8}{finding.name:11}"
    room = WIDTH - len(head)
    advice = [f"> {line}" if place == 0 else f"  {line}" for place, line in enumerate(wrap(finding.advice, room - 2))]
    first, *more = [*wrap(finding.found, room), *advice]
    return [head + first, *(" " * len(head) + line for line in more)]
