"""What the panel asks of the scene about maps of uncertainty and of a detector's heat."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class SceneMaps:
    """The part of :class:`.hemorrhage_scene.HemorrhageScene` that lays maps over a scan."""

    _scene: Any

    def overlay_of(self, scan: Any) -> Any:
        from .map_overlay import overlay_of

        return overlay_of(self._scene, scan)

    def show_overlays(self, scan: Any, unsure: bool, heat: bool) -> None:
        """Lay one of the scan's maps over the slices that show it, or none."""
        from .map_overlay import HEAT, UNCERTAINTY, follow_scan, overlay_of, set_visible

        follow_scan(self._scene, scan)
        wanted = {UNCERTAINTY: unsure, HEAT: heat}
        for kind in sorted(wanted, key=lambda kind: wanted[kind]):  # away with the one before the other comes
            overlay = overlay_of(self._scene, scan, kind)
            if overlay is not None:
                set_visible(overlay, wanted[kind])

    def add_heat(self, scan: Any, path: Path, label: str) -> None:
        """What the detector's network looked at for a class, as a map on the scan, not yet shown."""
        from .map_overlay import HEAT, add_overlay

        add_overlay(self._scene, scan, path, HEAT, label)

    def heat_shown(self, scan: Any) -> str:
        """The class of the scan's heat map that is in the scene; empty where there is none."""
        from .map_overlay import HEAT, overlay_of, shown_by

        overlay = overlay_of(self._scene, scan, HEAT)
        return shown_by(overlay) if overlay is not None else ""
