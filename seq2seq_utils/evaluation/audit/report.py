"""What an audit returns: a finding for each check, as a table, and an error for a reader's own tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd


class Outcome(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"  # something that the check needs was not given
    TOO_EARLY = "too early"  # what is asked about is learned, and too little has been learned yet


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the table."""

    check: str  # its name
    claim: str  # what must hold, as a sentence
    outcome: Outcome
    measured: float | None  # None where nothing was measured
    bound: str  # what the measured number must be, as "<= 0.001"
    unit: str  # of the measured number
    note: str  # what is missing, or where it fails
    symptom: str  # what one would see if it failed
    notebook: str  # of this series, which explains it,
    heading: str  # and the heading there


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found, in the order of the checks."""

    findings: tuple[Finding, ...]

    def frame(self) -> pd.DataFrame:
        """A row for each check, its columns named as the fields of `Finding`."""
        return pd.DataFrame(
            [{name: getattr(finding, name) for name in Finding.__slots__} for finding in self.findings]
        )

    def with_outcome(self, outcome: Outcome) -> list[str]:
        """The names of the checks that ended so."""
        return [finding.check for finding in self.findings if finding.outcome == outcome]

    def raise_if_any_fails(self) -> None:
        """For a test of your own: it passes unless a check fails; "too early" and "not checked" pass, too.

        Raises:
            AssertionError: with a line for each check that fails: what must hold, what was measured, what one
                would see, and which notebook explains it.
        """
        failed = [finding for finding in self.findings if finding.outcome == Outcome.FAILS]
        if failed:
            raise AssertionError("\n".join(map(_line, failed)))


def _line(finding: Finding) -> str:
    note = f" ({finding.note})" if finding.note else ""
    return (
        f"{finding.check}: FAILED. It should be that {finding.claim}; {finding.unit}: "
        f"{finding.measured:.3g}, but it must be "
        f"{finding.bound}{note}. What one sees: {finding.symptom}. Read notebook {finding.notebook}, "
        f"“{finding.heading}”."
    )
