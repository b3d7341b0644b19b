"""Charts as SVG, made by hand: bars, and lines over a logarithmic axis. Readable without colour."""

import math
from html import escape

_FONT = 'font-family="system-ui, sans-serif" font-size="13"'
_INKS = ("#154273", "#b4450c", "#2a6f3b", "#6b2c91")  # 4.5:1 or more on white
_DASHES = ("", "6 3", "2 3", "9 3 2 3")


def bars(title, rows, unit, *, marked=()):
    """Return horizontal bars. `rows`: (label, value, lowest, highest); `marked` stand out."""
    left, width, step = 300, 900, 26
    height = 60 + step * len(rows)
    top = max((highest for _, _, _, highest in rows), default=1) or 1
    scale = (width - left - 130) / top
    parts = [_head(width, height, title)]
    for number, (label, value, lowest, highest) in enumerate(rows):
        y = 48 + step * number
        ink = _INKS[0] if label in marked else "#8a8a8a"
        parts.append(
            f'<text x="{left - 8}" y="{y + 13}" text-anchor="end" {_FONT}>{escape(label)}</text>'
            f'<rect x="{left}" y="{y}" width="{max(1, value * scale):.1f}" height="17"'
            f' fill="{ink}"/>'
            f'<line x1="{left + lowest * scale:.1f}" x2="{left + highest * scale:.1f}"'
            f' y1="{y + 8}" y2="{y + 8}" stroke="#000" stroke-width="1.5"/>'
            f'<text x="{left + highest * scale + 8:.1f}" y="{y + 13}" {_FONT}>'
            f"{number_text(value)} {escape(unit)}</text>"
        )
    return "".join([*parts, "</svg>\n"])


def lines(title, series, across, up, *, zero=True):
    """Return lines over a logarithmic axis. `series`: name -> [(x, y)], x above 0."""
    width, height, left, bottom, right, top = 640, 340, 70, 50, 150, 50
    points = [point for each in series.values() for point in each]
    if not points:
        return _head(width, height, title) + "</svg>\n"
    low, high = (f(math.log10(x) for x, _ in points) for f in (min, max))
    most = max(y for _, y in points) * 1.1 or 1
    least = 0 if zero else min(y for _, y in points) * 0.9

    def at(x, y):
        share = (math.log10(x) - low) / ((high - low) or 1)
        return (
            left + share * (width - left - right),
            height - bottom - (y - least) / ((most - least) or 1) * (height - bottom - top),
        )

    parts = [_head(width, height, title)]
    for part in range(5):
        y = least + (most - least) * part / 4
        _, place = at(points[0][0], y)
        parts.append(
            f'<line x1="{left}" x2="{width - right}" y1="{place:.1f}" y2="{place:.1f}"'
            f' stroke="#ddd"/><text x="{left - 8}" y="{place + 4:.1f}" text-anchor="end" {_FONT}>'
            f"{number_text(y)}</text>"
        )
    for x in sorted({x for x, _ in points}):
        place, _ = at(x, least)
        parts.append(
            f'<text x="{place:.1f}" y="{height - bottom + 18}" text-anchor="middle" {_FONT}>'
            f"{number_text(x)}</text>"
        )
    places = _apart([at(*each[-1])[1] + 4 for each in series.values()])
    for number, ((name, each), place) in enumerate(zip(series.items(), places, strict=True)):
        ink, dash = _INKS[number % 4], _DASHES[number % 4]
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in each)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/><text x="{width - right + 8}" y="{place:.1f}"'
            f' fill="{ink}" {_FONT}>{escape(name)}</text>'
        )
    parts.append(
        f'<text x="{(left + width - right) / 2:.0f}" y="{height - 10}" text-anchor="middle"'
        f' {_FONT}>{escape(across)}</text><text x="{left - 60}" y="40" {_FONT}>{escape(up)}</text>'
    )
    return "".join([*parts, "</svg>\n"])


def number_text(value):
    """Return a number as a person reads it: 12,345, 1.2, 0.05, 1M."""
    if value >= 1_000_000 and value % 100_000 == 0:
        return f"{value / 1e6:g}M"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _apart(places, step=16):
    """Return the places of labels, moved as little downwards as it takes to read each of them."""
    made = list(places)
    lowest = -math.inf
    for number in sorted(range(len(made)), key=made.__getitem__):
        made[number] = lowest = max(made[number], lowest + step)
    return made


def _head(width, height, title):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<text x="12" y="24" font-weight="bold" {_FONT}>{escape(title)}</text>'
    )
