"""The one family of errors: what was expected, what was found, what to do.

The command line and the Slicer panel show the same text. Each class has its own ``code`` (for
programs) and ``exit_code`` (for shells); the tens digit names the kind of trouble:
10 input, 30 model, 40 dependency, 50 memory, 60 output, 70 internal, 130 cancelled.
"""

from typing import ClassVar


class ICHError(Exception):
    """An error that a user can act on.

    Args:
        message: what was expected and what was found.
        hint: what to do about it.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(ICHError):
    code, exit_code = "input", 10


class NotAnImageError(InputError):
    code, exit_code = "not_an_image", 11


class EmptyFolderError(InputError):
    code, exit_code = "empty_folder", 12


class SeveralSeriesError(InputError):
    code, exit_code = "several_series", 13


class WrongModalityError(InputError):
    code, exit_code = "wrong_modality", 14


class NotThreeDimensionalError(InputError):
    code, exit_code = "not_three_dimensional", 15


class NoHeadError(InputError):
    """The image holds nothing but air."""

    code, exit_code = "no_head", 16


class NonFiniteError(InputError):
    """The image holds NaN or infinite values."""

    code, exit_code = "non_finite", 17


class NotHounsfieldError(InputError):
    """The values cannot be Hounsfield units, such as stored values 0..4095 without rescale."""

    code, exit_code = "not_hounsfield", 18


class GeometryError(InputError):
    """The slices or the affine do not form a volume."""

    code, exit_code = "geometry", 19


class UnknownLabelError(InputError):
    code, exit_code = "unknown_label", 20


class GridMismatchError(InputError):
    """A mask does not lie on the grid of its CT."""

    code, exit_code = "grid_mismatch", 21


class ModelError(ICHError):
    code, exit_code = "model", 30


class ModelNotFoundError(ModelError):
    code, exit_code = "model_not_found", 31


class ModelTamperedError(ModelError):
    """A weight file is not the one that the manifest names."""

    code, exit_code = "model_tampered", 32


class DependencyError(ICHError):
    code, exit_code = "dependency", 40


class DeviceError(DependencyError):
    """The chosen device is not there."""

    code, exit_code = "device", 41


class InsufficientMemoryError(ICHError):
    code, exit_code = "memory", 50


class OutputError(ICHError):
    code, exit_code = "output", 60


class OutputExistsError(OutputError):
    code, exit_code = "output_exists", 61


class OtherScansResultError(OutputExistsError):
    """What is there is the result of another scan, which must not be taken for one of this scan."""

    code, exit_code = "other_scans_result", 64


class NotWritableError(OutputError):
    code, exit_code = "not_writable", 62


class DiskFullError(OutputError):
    code, exit_code = "disk_full", 63


class WorkerLostError(ICHError):
    """A process of a batch died: killed, out of memory, or crashed."""

    code, exit_code = "worker_lost", 71


class CancelledError(ICHError):
    code, exit_code = "cancelled", 130

    def __init__(
        self, message: str = "The run was cancelled.", hint: str = "Nothing unfinished was left behind."
    ) -> None:
        super().__init__(message, hint)
