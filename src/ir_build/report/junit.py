"""The report as JUnit XML, for CI that shows it: a test case for each file and each budget."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..outcome import Failed, Outcome
from .escape import printable, printable_lines
from .mend import what_mends
from .verdict import State, Verdict

if TYPE_CHECKING:
    from .totals import Totals


def to_junit(report: Totals) -> str:
    """Failed files are failures, files that met a limit are skipped, all others pass.

    A budget that is exceeded is a failure, one that cannot be judged is skipped. An interrupted run is
    an error.
    """
    skipped = {one.name: one.why for one in report.skipped}
    suites = ET.Element("testsuites", name="ir-build")
    cases = [_file(outcome, skipped.get(outcome.name)) for outcome in report.outcomes]
    if report.interrupted:
        cases.append(ET.Element("testcase", classname="ir-build", name="interrupted"))
        told = "the run was interrupted before all files were done"
        ET.SubElement(cases[-1], "error", message=told, type="interrupted")
    _add(suites, "files", cases, report.seconds)
    if report.budgets:
        _add(suites, "budgets", [_budget(verdict) for verdict in report.budgets], 0)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, "unicode")}\n'


def _add(suites: ET.Element, name: str, cases: list[ET.Element], seconds: float) -> None:
    counts = {
        plural: str(sum(case.find(tag) is not None for case in cases))
        for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    known = {"name": name, "tests": str(len(cases)), "time": f"{seconds:.3f}"}
    suite = ET.SubElement(suites, "testsuite", known | counts)
    suite.extend(cases)


def _file(outcome: Outcome, skipped: str | None) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname="ir-build.files",
        name=printable(outcome.name),
        time=f"{outcome.seconds:.3f}",
    )
    if isinstance(outcome, Failed):
        failure = ET.SubElement(
            case, "failure", type=outcome.code, message=printable(outcome.message)
        )
        told = [outcome.message, what_mends(outcome), outcome.output]
        failure.text = printable_lines("\n".join(filter(None, told)))
    elif skipped is not None:
        ET.SubElement(case, "skipped", message=printable(skipped))
    return case


def _budget(verdict: Verdict) -> ET.Element:
    case = ET.Element("testcase", classname="ir-build.budgets", name=printable(verdict.name))
    if verdict.state is State.EXCEEDED:
        failure = ET.SubElement(
            case, "failure", type="over-budget", message=printable(verdict.text)
        )
        failure.text = "\n".join(filter(None, [*map(printable, verdict.files), verdict.mend]))
    elif verdict.state is State.UNKNOWN:
        ET.SubElement(case, "skipped", message=printable(verdict.text))
    return case
