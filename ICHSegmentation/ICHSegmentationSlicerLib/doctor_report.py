"""What the doctor found in the Python that runs the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from ICHSegmentationLib.doctor import Finding, as_text
from ICHSegmentationLib.doctor.examine import DEVICE

from .interpreter import Interpreter
from .line_process import MakeProcess
from .messages import Meaning
from .steps import After
from .text_run import Written, run_text
from .translation import tr as _

_PATIENCE_MS = 180_000
"""Loading PyTorch for the first time takes a minute on a slow disk."""


@dataclass(frozen=True)
class DoctorReport:
    """Attributes:
    findings: empty where the doctor could not be asked.
    text: to be copied into a report of a fault.
    trouble: why the network cannot run there; None where it can.
    """

    findings: tuple[Finding, ...]
    text: str
    trouble: Meaning | None = None

    @property
    def devices(self) -> dict[str, str]:
        """Where networks can run (``cpu``, ``cuda``, ``mps``), and what that is; of several GPUs, all."""
        found: dict[str, list[str]] = {}
        for finding in self.findings:
            kind, _space, name = finding.name.partition(" ")
            if kind == DEVICE:
                found.setdefault(name, []).append(finding.value)
        return {name: ", ".join(values) for name, values in found.items()}


def examine(
    make_process: MakeProcess, interpreter: Interpreter, after: After, done: Callable[[DoctorReport], None]
) -> None:
    """Ask the doctor in ``interpreter``; this also shows whether an external Python can be used.

    A program that gives no answer is ended after some minutes, and ``done`` hears so.
    """
    late: list[Meaning] = []

    def give_up() -> None:
        if process.running:
            late.append(_no_answer())
            process.kill()

    def end(written: Written) -> None:
        told = replace(written, text="", trouble=late[0]) if late else written
        done(report_of(told, interpreter))

    process = run_text(make_process, interpreter, ["doctor", "--json"], end)
    after(_PATIENCE_MS, give_up)


def report_of(written: Written, interpreter: Interpreter) -> DoctorReport:
    findings = _findings(written.text)
    problem = next((finding.problem for finding in findings if finding.problem), "")
    if findings:
        trouble = Meaning(written.trouble.code, problem) if written.trouble else None
        return DoctorReport(findings, as_text(list(findings)), trouble)
    trouble = written.trouble or Meaning("no_result", _("The doctor gave no answer."))
    lines = [interpreter.program, trouble.message, trouble.hint, *written.last_lines]
    return DoctorReport((), "\n".join(line for line in lines if line) + "\n", trouble)


def _no_answer() -> Meaning:
    return Meaning(
        "no_answer",
        _("Expected an answer of the doctor, found none in {minutes} minutes, so it was ended.").format(
            minutes=_PATIENCE_MS // 60_000
        ),
        _("Press Doctor again; if an external Python is chosen, check that it starts, or choose none."),
    )


def _findings(text: str) -> tuple[Finding, ...]:
    try:
        told = json.loads(text)["findings"]
        known = [field.name for field in fields(Finding)]
        return tuple(Finding(**{name: each[name] for name in known}) for each in told)
    except (ValueError, KeyError, TypeError):  # another program answered
        return ()
