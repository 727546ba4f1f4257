"""What the sections of the panel have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .guard import Guard
from .session import Session


@dataclass(frozen=True)
class Shared:
    """What every section works with.

    Attributes:
        ui: the widgets of the ``.ui`` file, by their names.
        scene: all MRML work, see :class:`.hemorrhage_scene.HemorrhageScene`.
        desk: clipboard, dialogs and timers, see :class:`.desk.Desk`.
        guard: makes a user's action tell its trouble.
    """

    ui: Any
    session: Session
    scene: Any
    desk: Any
    guard: Guard
