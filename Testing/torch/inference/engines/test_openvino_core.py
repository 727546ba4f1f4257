"""A network of OpenVINO may be dropped in any thread."""

import subprocess
import sys

import pytest

DROPPED_ELSEWHERE = """
import faulthandler, signal, threading
import numpy, openvino
from openvino import opset13
from ICHSegmentationLib.inference.engines.openvino_core import core

heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(True))
faulthandler.enable()
image = opset13.parameter([1, 1, 4, 4, 4], numpy.float32)
kept = [core().compile_model(openvino.Model([opset13.relu(image)], [image]), "CPU").create_infer_request()]
thread = threading.Thread(target=kept.clear)
thread.start()
thread.join()
signal.raise_signal(signal.SIGUSR1)
assert heard
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no stack for signal handlers")
def test_a_signal_is_heard_after_the_last_network_went_in_another_thread():
    """With a core of its own for each network, this process died of SIGSEGV."""
    pytest.importorskip("openvino")
    done = subprocess.run([sys.executable, "-c", DROPPED_ELSEWHERE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
