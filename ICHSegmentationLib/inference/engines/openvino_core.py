"""OpenVINO's entry, made once for the whole process."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino


@cache
def core() -> "openvino.Core":
    """The one core of this process, which nothing unloads.

    OpenVINO's CPU plugin gives the thread that loads it another stack for signal handlers, and takes that
    memory away when the last core goes, in whichever thread that happens: the next signal would then end the
    process without a word (openvinotoolkit/openvino#11894 brought that stack).
    """
    import openvino

    return openvino.Core()
