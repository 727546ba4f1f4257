"""Measurements that outlive the program: each is written down at once, and not made again."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Measured = dict[str, Any]


class Stored:
    """Measurements in a JSON file, each under a name and with the load of the machine before it.

    Those that were made with other ``facts`` (another model, another version, another machine) are dropped.
    """

    def __init__(self, path: Path, facts: dict[str, str]) -> None:
        self._path = path
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        same = found.get("facts") == facts
        self._document = {"facts": facts, "measured": found["measured"] if same else {}}
        if found and not same:
            print(f"{path} tells of something else and is made anew.", flush=True)

    def __getitem__(self, name: str) -> Measured | None:
        return self._document["measured"].get(name)

    def make(self, name: str, work: Callable[[], Measured]) -> None:
        """Measure, unless that was done before."""
        if self[name] is not None:
            return
        load, started = os.getloadavg()[0], time.monotonic()
        measured = {**work(), "load_before": round(load, 1)}
        print(f"{time.monotonic() - started:6.1f} s  {name}", flush=True)
        self._document["measured"][name] = measured
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".part")
        beside.write_text(json.dumps(self._document, indent=1) + "\n", "utf-8")
        beside.replace(self._path)

    @property
    def highest_load(self) -> float:
        return max((one["load_before"] for one in self._document["measured"].values()), default=0.0)
