"""The reliability curve as an SVG picture."""

from collections.abc import Sequence

from .calibration import Bin

_SIDE, _LEFT, _TOP, _BOTTOM = 300, 60, 14, 52
_LARGEST = 9.0


def reliability_picture(curve: Sequence[Bin]) -> str:
    """A dot for each bin, said to the right and seen upward, its area by how many slices it has; the diagonal
    is a detector that means what it says."""
    most = max((part.count for part in curve), default=1)

    def place(said: float, seen: float) -> tuple[float, float]:
        return _LEFT + said * _SIDE, _TOP + (1 - seen) * _SIDE

    def line(first: tuple[float, float], last: tuple[float, float], style: str) -> str:
        (x1, y1), (x2, y2) = place(*first), place(*last)
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {more}>{words}</text>'

    parts = [line((0, 0), (1, 1), 'stroke="#888" stroke-dasharray="4 4"')]
    for tenth in range(0, 11, 2):
        at = tenth / 10
        parts += [line((at, 0), (at, 1), 'stroke="#ddd"'), line((0, at), (1, at), 'stroke="#ddd"')]
        parts.append(text(_LEFT + at * _SIDE, _TOP + _SIDE + 16, f"{at:.1f}"))
        parts.append(text(_LEFT - 16, _TOP + (1 - at) * _SIDE + 4, f"{at:.1f}"))
    points = " ".join("{:.1f},{:.1f}".format(*place(part.said, part.seen)) for part in curve)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    for part in curve:
        x, y = place(part.said, part.seen)
        radius = max(2.0, _LARGEST * (part.count / most) ** 0.5)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#1f5fa8" fill-opacity="0.7">'
            f"<title>{part.count} slices: said {part.said:.2f}, seen {part.seen:.2f}</title></circle>"
        )
    middle = _TOP + _SIDE / 2
    parts.append(text(_LEFT + _SIDE / 2, _TOP + _SIDE + 40, "probability that was said"))
    parts.append(
        text(18, middle, "share of slices with hemorrhage", f'transform="rotate(-90 18 {middle:.1f})"')
    )
    width, height = _LEFT + _SIDE + 14, _TOP + _SIDE + _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
