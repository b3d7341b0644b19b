"""The section on growth: a table and a chart for each dimension, and what the figures show."""

import math

from kit import svg
from kit.cells import image, spread

_FLAT = 1.25
"""Within this ratio of the last to the first a cost is called flat: rounds differ as much."""

_INTRO = """One thing grows at a time. Microseconds for one event, read to committed, in one \
process without overlap; so these are not the figures of throughput.
"""


GROWTH = {
    "rules": (
        "Rules in the config",
        "Rules are looked up by sender and type: those of other messages are not asked.",
    ),
    "same-message": (
        "Rules for the same message",
        "Each of them is asked and its verdict is on record: in proportion is what it should be.",
    ),
    "parties": ("Parties in the register", "A party is looked up by its name."),
    "parties-shared": (
        "Parties that share a shard",
        """An event of a gemeente: one read names the intake of every gemeente. The events of a \
batch share it, and there is one for each shard.""",
    ),
    "backlog": ("Events queued", "The first events of a longer and longer stream."),
    "recipients": (
        "Recipients of one event",
        """Each has a verdict, a copy and a key of its own: in proportion is what it should be, \
on top of what any event costs.""",
    ),
    "size": (
        "Size of an event, KiB",
        "Every byte is read, sealed twice and written, on top of what any event costs.",
    ),
    "ledger": (
        "Records in the ledger",
        """A record goes into the tree and into indexes. Those on what is random (the message) \
find their place in the logarithm of the records, in pages that are no longer all in the cache \
once there are many.""",
    ),
}
"""Dimension -> its heading, and what an event does there."""


def section(value):
    """Return a table and a chart for each dimension."""
    parts, charts = [_INTRO], {}
    for name, found in value["summary"].items():
        title, why = GROWTH[name]
        rows = {float(size): row for size, row in found.items() if size != "last to first"}
        names = list(next(iter(rows.values())))
        main = names[0]
        points = [(size, row[main]["median"]) for size, row in rows.items()]
        parts += [f"### {title}\n", f"{why} {said(points)}\n"]
        parts.append(f"| {title[0].lower()}{title[1:]} | {' | '.join(map(_words, names))} |")
        parts.append("|---|" + "---|" * len(names))
        for size, row in rows.items():
            cells = " | ".join(spread(row[each]) for each in names)
            parts.append(f"| {svg.number_text(size)} | {cells} |")
        last = found["last to first"]
        parts += [
            f"| last : first | {' | '.join(str(last.get(each, '')) for each in names)} |",
            "",
            image(f"growth-{name}"),
        ]
        series = {
            _words(each).partition(",")[0]: [(x, row[each]["median"]) for x, row in rows.items()]
            for each in names
            if each.endswith("_us")
        }
        charts[f"growth-{name}"] = svg.lines(title, series, title.lower(), "µs")
    return "\n".join(parts), charts


def said(points):
    """Say how a cost grew from the first size to the last, by what was measured.

    >>> said([(20, 228), (5_000, 243)])
    'Measured from 20 to 5,000: ×1.07, flat.'
    >>> said([(1, 100), (100, 900)])
    'Measured from 1 to 100: ×9 for ×100 as many, less than in proportion; a doubling adds 39 %.'
    """
    (first, before), (last, after) = points[0], points[-1]
    if first == last or not before:
        return "Measured in one size only."
    ratio, times = after / before, last / first
    begin = (
        f"Measured from {svg.number_text(first)} to {svg.number_text(last)}:"
        f" ×{svg.number_text(round(ratio, 2))}"
    )
    if ratio <= _FLAT:
        return f"{begin}, {'flat' if ratio >= 1 / _FLAT else 'less at the end than at the start'}."
    steep = math.log(ratio) / math.log(times)
    shape = "less than in proportion" if steep < 0.9 else "in proportion"
    shape = "more than in proportion" if steep > 1.1 else shape
    return (
        f"{begin} for ×{svg.number_text(round(times, 1))} as many, {shape};"
        f" a doubling adds {round((2**steep - 1) * 100)} %."
    )


def _words(name):
    return name.replace("_us", ", µs").replace("_ms", ", ms").replace("_", " ")
