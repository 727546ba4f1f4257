import subprocess
import sys

import pytest

pytest.importorskip("openvino")


def test_openvino_sends_nothing_to_its_makers():
    """In a process of its own: here it may be loaded already."""
    script = (
        "from ICHSegmentationLib.inference.engines.openvino_core import core; core(); "
        "from openvino.tools.ovc import telemetry_utils; print(telemetry_utils.tm.__name__)"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "openvino.tools.ovc.telemetry_stub"
