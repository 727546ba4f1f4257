"""What an exit code means, in sentences: for a process that ended without saying so itself."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from ICHSegmentationLib import errors

from .translation import tr as _

_USAGE = 2
"""Of ``argparse``, for options that it does not know."""
_PYTHON = 1
"""Of Python itself, when a module cannot be found or loaded."""
_WINDOWS_ABORT = 3
"""Of ``abort()`` on Windows, which Unix tells as a signal."""
_QT_KILLED = 0xF291
"""Of a process that QProcess killed on Windows."""


@dataclass(frozen=True)
class Meaning:
    """``code`` is for programs, as that of :class:`ICHSegmentationLib.errors.ICHError`."""

    code: str
    message: str
    hint: str = ""


def not_started(program: str, reason: str) -> Meaning:
    return Meaning(
        "not_started",
        _("{program} could not be started: {reason}.").format(program=program, reason=reason.rstrip(".")),
        _("Choose another Python in the settings, or install the extension again."),
    )


def cancelled() -> Meaning:
    return Meaning(
        errors.CancelledError.code, _("The run was cancelled."), _("Nothing unfinished was left behind.")
    )


def no_result() -> Meaning:
    return Meaning("no_result", _("The run ended without a result and without an error."), _report_it())


def meaning_of(exit_code: int, crashed: bool = False) -> Meaning:
    """What to tell of a process that ended so; the ``exit_code`` of a crashed one is its signal or status."""
    if exit_code == errors.CancelledError.exit_code and not crashed:
        return cancelled()
    end = exit_code & 0xFFFFFFFF
    if not crashed and end in _told_by_itself():
        return _told_by_itself()[end]
    signal_number = end if crashed else end - 128  # a shell adds 128
    meaning = _ended_by_windows().get(end) or _ended_by_signal().get(signal_number)
    return meaning or Meaning(
        "crashed", _("The run ended unexpectedly (exit code {code}).").format(code=exit_code), _report_it()
    )


def _report_it() -> str:
    return _("Please report it, with the details and what the doctor says.")


def _ended_by_signal() -> dict[int, Meaning]:
    """By the number of a signal of Unix."""
    return {
        signal.SIGINT: _outside(),
        signal.SIGTERM: _outside(),
        signal.SIGABRT: _gave_up(),
        signal.SIGSEGV: _fault(),
        signal.SIGILL: _processor(),
        signal.SIGFPE: _gave_up(),
        1: _outside(),  # SIGHUP
        3: _outside(),  # SIGQUIT
        7: _fault(),  # SIGBUS on Linux
        9: _memory(),  # SIGKILL
        10: _fault(),  # SIGBUS on macOS
        24: _outside(),  # SIGXCPU
    }


def _ended_by_windows() -> dict[int, Meaning]:
    """By an NTSTATUS, or the exit code of those who end a process there."""
    library = Meaning(
        errors.DependencyError.code,
        _("Python could not load a library of the system."),
        _("On Windows, install the Microsoft Visual C++ Redistributable, then start Slicer again."),
    )
    return {
        _QT_KILLED: _outside(),
        0xC000013A: _outside(),  # control C
        0xC0000005: _fault(),  # access violation
        0xC00000FD: _gave_up(),  # stack overflow
        0xC0000374: _fault(),  # heap corruption
        0xC0000409: _gave_up(),  # fast fail
        0xC000001D: _processor(),  # illegal instruction
        0xC0000017: _memory(),
        0xC000012D: _memory(),  # commitment limit
        0xC0000135: library,  # not found
        0xC0000139: library,  # entry point not found
        0xC0000142: library,  # could not be initialised
    }


def _outside() -> Meaning:
    return Meaning("ended", _("Somebody ended the run from outside."), _("Start it again."))


def _memory() -> Meaning:
    return Meaning(
        errors.InsufficientMemoryError.code,
        _("The system ended the run, most often because the memory did not suffice."),
        _("Close other programs, or choose the CPU as device if the graphics card's memory was used up."),
    )


def _fault() -> Meaning:
    return Meaning("crashed", _("The run crashed: a library touched memory that it must not."), _report_it())


def _gave_up() -> Meaning:
    return Meaning("crashed", _("The run crashed: a library gave up."), _report_it())


def _processor() -> Meaning:
    return Meaning(
        "crashed",
        _("The run crashed: a library uses something that this processor does not have."),
        _("Install a PyTorch that is made for this processor."),
    )


def _told_by_itself() -> dict[int, Meaning]:
    """By the exit codes of :mod:`ICHSegmentationLib.errors`, of Python and of ``argparse``."""
    scan = _("Choose another scan; the details say more.")
    model = _("Choose another model, or install this one again.")
    sentences = {
        errors.ICHError: (_("Something went wrong that should not."), _report_it()),
        errors.InputError: (_("The scan or a setting cannot be used."), scan),
        errors.NotAnImageError: (_("The file holds no image that can be read."), scan),
        errors.EmptyFolderError: (_("The folder holds no DICOM file."), scan),
        errors.SeveralSeriesError: (
            _("The folder holds more than one CT series."),
            _("Put the series into a folder of its own."),
        ),
        errors.WrongModalityError: (_("The images are no CT."), _("Choose a non-contrast head CT.")),
        errors.NotThreeDimensionalError: (_("The image is no volume of several slices."), scan),
        errors.NoHeadError: (_("The image shows nothing but air."), scan),
        errors.NonFiniteError: (_("The image holds values that are no numbers."), scan),
        errors.NotHounsfieldError: (_("The values are no Hounsfield units."), scan),
        errors.GeometryError: (_("The slices do not form a volume."), scan),
        errors.UnknownLabelError: (
            _("The mask holds a label that is not known."),
            _("Use the segments that this module makes."),
        ),
        errors.GridMismatchError: (
            _("The mask does not lie on the voxels of the scan."),
            _("Choose the scan that the mask was drawn on."),
        ),
        errors.ModelError: (_("The model cannot be used."), model),
        errors.ModelNotFoundError: (_("The model is not there."), model),
        errors.ModelTamperedError: (_("The model's weights are not the ones that were published."), model),
        errors.DependencyError: (
            _("A package is missing or cannot be loaded."),
            _("Run the set-up again; the doctor says what is missing."),
        ),
        errors.DeviceError: (_("The chosen device is not there."), _("Choose another device.")),
        errors.InsufficientMemoryError: (
            _("The memory did not suffice."),
            _("Close other programs, or choose the CPU as device."),
        ),
        errors.OutputError: (_("The result could not be written."), _("Choose another output folder.")),
        errors.OutputExistsError: (
            _("The output folder holds an earlier result."),
            _("Allow overwriting it, or choose another folder."),
        ),
        errors.OtherScansResultError: (
            _("The output folder holds the result of another scan."),
            _("Choose another folder, or allow overwriting it."),
        ),
        errors.NotWritableError: (
            _("The output folder may not be written."),
            _("Choose another folder, or allow writing there."),
        ),
        errors.DiskFullError: (_("The disk is full."), _("Free some space and start again.")),
        errors.WorkerLostError: (
            _("A process of the batch died."),
            _("Close other programs, and start the batch again with fewer workers."),
        ),
    }
    told = {cls.exit_code: Meaning(cls.code, *words) for cls, words in sentences.items()}
    told[_USAGE] = Meaning(
        "usage",
        _("The module and its library are of different versions: an option is not known."),
        _("Install the extension again, or update the library in the external Python."),
    )
    told[_WINDOWS_ABORT] = _gave_up()
    told[_PYTHON] = Meaning(
        errors.DependencyError.code,
        _("Python could not load ICHSegmentationLib."),
        _("The details say why. It needs Python 3.10 or newer."),
    )
    told[0] = no_result()
    return told
