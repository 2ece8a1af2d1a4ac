"""Draw bytes against CPU for the three efforts, as an SVG for the documentation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import quality

from ir_build.formats import MediaType

_EFFORTS = ("fast", "default", "best")
_KINDS = ("lossy", "lossless")
_WIDTH, _HEIGHT, _LEFT, _BELOW = 320, 220, 50, 40
#: how wide a letter of a label is at most, and where the label may stand from its point
_LETTER = 6.0
_AWAY = (-8, 18, -21, 31, -34, 44, -47, 57)
_Box = tuple[float, float, float, float]
_MEDIA = (MediaType.JPEG, MediaType.PNG, MediaType.WEBP, MediaType.GIF, MediaType.AVIF)


@dataclass(frozen=True, slots=True)
class _Point:
    effort: str
    cpu: float  #: seconds per megabyte of input
    share: float  #: bytes out of bytes in


def draw(folder: Path, svg: Path) -> None:
    """Measure the files of `folder`, print the points and write the drawing."""
    panels = []
    for media, paths in sorted(quality.by_type(folder).items()):
        if media not in _MEDIA:
            continue
        for kind in _KINDS:
            points = [_measure(media, paths, kind, effort) for effort in _EFFORTS]
            if len({one.share for one in points}) > 1:  # else there is nothing to choose
                panels.append((f"{media.upper()} {kind}", points))
            for one in points:
                print(f"{media:5}{kind:10}{one.effort:9}{one.cpu:8.2f} s/MB{one.share:8.3f}")
    svg.write_text(_drawing(panels))


def _measure(media: MediaType, paths: list[Path], kind: str, effort: str) -> _Point:
    with tempfile.TemporaryDirectory() as temporary:
        source, out = Path(temporary) / "source", Path(temporary) / "out"
        source.mkdir()
        for number, path in enumerate(paths):
            (source / f"{number:05}.{media}").write_bytes(path.read_bytes())
        cost = quality.ours(kind, effort, source, out)
        before, after = (
            sum(path.stat().st_size for path in side.iterdir()) for side in (source, out)
        )
    return _Point(effort, cost.cpu / before * 1e6, after / before)


def _drawing(panels: list[tuple[str, list[_Point]]]) -> str:
    columns = 2
    rows = -(-len(panels) // columns)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * _WIDTH} '
            f'{rows * _HEIGHT}" font-family="sans-serif" font-size="11">'
        ),
        "<title>Bytes against CPU time by effort</title>",
        f'<rect width="{columns * _WIDTH}" height="{rows * _HEIGHT}" fill="#fff"/>',
    ]
    for number, (title, points) in enumerate(panels):
        left, top = number % columns * _WIDTH, number // columns * _HEIGHT
        parts.append(f'<g transform="translate({left} {top})">{_panel(title, points)}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, points: list[_Point]) -> str:
    most = max(one.cpu for one in points) * 1.15
    shares = [one.share for one in points]
    middle, spread = (max(shares) + min(shares)) / 2, max(max(shares) - min(shares), 0.02)
    top, bottom = 35, _HEIGHT - _BELOW

    def place(one: _Point) -> tuple[float, float]:
        x = _LEFT + one.cpu / most * (_WIDTH - _LEFT - 20)
        y = (top + bottom) / 2 - (one.share - middle) / spread * (bottom - top) * 0.7
        return round(x, 1), round(y, 1)

    places = [place(one) for one in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    parts = [
        f'<text x="{_LEFT}" y="20" font-weight="bold">{title}</text>',
        f'<path d="M{_LEFT} {top}V{bottom}H{_WIDTH - 15}" fill="none" stroke="#888"/>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}" fill="#555">CPU seconds per MB of input</text>',
        f'<text transform="translate(14 {bottom}) rotate(-90)" fill="#555">bytes out/in</text>',
        f'<polyline points="{line}" fill="none" stroke="#36c"/>',
    ]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for (x, y), one in zip(places, points, strict=True):
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="#36c"/>')
        label = f"{one.effort}: {one.share:.3f}, {one.cpu:.2f} s"
        anchor = "end" if x > _WIDTH * 0.6 else "start"
        left = x - len(label) * _LETTER if anchor == "end" else x
        beside = ((left, y + away - 10, left + len(label) * _LETTER, y + away) for away in _AWAY)
        box = next(box for box in beside if not any(_overlap(box, other) for other in taken))
        taken.append(box)
        parts.append(f'<text x="{x}" y="{box[3]:.1f}" text-anchor="{anchor}">{label}</text>')
    return "".join(parts)


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
