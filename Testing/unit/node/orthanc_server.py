"""Debian's Orthanc on free local ports, as a test starts it."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
PATIENCE_S = 300.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """What ``condition`` gives once it is true."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise TimeoutError(what)


class Orthanc:
    """A PACS with the title ORTHANC that knows a node ICHSEG at ``node_port``."""

    def __init__(self, folder: Path, node_port: int) -> None:
        self.port, self._http = free_port(), free_port()
        folder.mkdir()
        self._log = folder / "log.txt"
        self._configuration = folder / "orthanc.json"
        content = {
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "DicomAet": "ORTHANC",
            "DicomPort": self.port,
            "DicomCheckCalledAet": True,
            "HttpPort": self._http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [],
            "DicomModalities": {"ichseg": ["ICHSEG", "127.0.0.1", node_port]},
        }
        self._configuration.write_text(json.dumps(content))
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, str(self._configuration)], stdout=log, stderr=log)
        wait_for(self._answers, f"Orthanc does not start: {self._log.read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def get(self, place: str) -> Any:
        return json.loads(self.get_bytes(place))

    def get_bytes(self, place: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._http}{place}") as answer:
            return answer.read()

    def post(self, place: str, content: bytes) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._http}{place}", content) as answer:
            return json.loads(answer.read())

    def instances(self, modality: str) -> list[str]:
        """The instances of all series of this modality."""
        series = (self.get(f"/series/{name}") for name in self.get("/series"))
        return [
            instance
            for each in series
            if each["MainDicomTags"]["Modality"] == modality
            for instance in each["Instances"]
        ]

    def _answers(self) -> bool:
        try:
            return bool(self.get("/system"))
        except OSError:
            return False
