"""The sections of the page: from the result of a script to its text, tables and charts."""

from kit import svg

FSYNC = {"always": "`appendfsync always` (the default)", "everysec": "`appendfsync everysec`"}


_THROUGHPUT = """The whole job for an event of 1 KB with two recipients. The hub also seals every \
copy under a key of its own and makes pseudonyms; the peers do not. *Of the limit*: against the \
very same calls to the broker, sent by a client that decides nothing. Every copy was counted \
afterwards: what lost or doubled one has no figure.
"""

_LATENCY = """From when an event should be published until it is in the inbox of its recipient, in \
milliseconds. An open loop: a stall counts for every event that was due meanwhile. `naive`: the \
FastStream handler, which seals nothing.
"""

_GROWTH = """One thing grows at a time. Microseconds for one event, read to committed, in one \
process without overlap; so these are not the figures of throughput.
"""


def throughput(value):
    """Return the table of all contenders for each setting, and a chart of it."""
    parts, charts = [_THROUGHPUT], {}
    for fsync, rows in value["summary"].items():
        parts += [
            f"### {FSYNC[fsync]}\n",
            "| | events/s | of the limit | the hub is … times | worker, µs | broker, µs | MB |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in rows.values():
            if row["rate"] is None:
                parts.append(f"| {row['title']} | did not finish | | | | | |")
                continue
            names = ("rate", "of_limit", "hub_is_times", "worker_us", "broker_us", "memory_mb")
            cells = [spread(row[name]) for name in names]
            parts.append(f"| {row['title']} | {' | '.join(cells)} |")
        parts.append("")
        charts[f"throughput-{fsync}"] = svg.bars(
            f"Events a second, appendfsync {fsync}",
            [
                (row["title"], row["rate"]["median"], row["rate"]["min"], row["rate"]["max"])
                for row in sorted(rows.values(), key=_rate, reverse=True)
                if row["rate"]
            ],
            "/s",
            marked={row["title"] for name, row in rows.items() if name.startswith("hub")},
        )
        parts.append(image(f"throughput-{fsync}"))
    return "\n".join(parts), charts


def latency(value):
    """Return the percentiles by load, and a chart."""
    parts = [
        _LATENCY,
        "| contender, setting, load | p50 | p90 | p99 | p99.9 | max | p99 from when it was sent |",
        "|---|---|---|---|---|---|---|",
    ]
    lines = {}
    for name, row in value["summary"].items():
        if row["p50"] is None:
            parts.append(f"| {name} | did not keep up | | | | | |")
            continue
        cells = [spread(row[each]) for each in ("p50", "p90", "p99", "p99_9", "max")]
        parts.append(f"| {name} | {' | '.join(cells)} | {spread(row['sent']['p99'])} |")
        kind, fsync, load = name.split()
        if kind == "hub":
            for each in ("p50", "p99"):
                point = (int(load.removesuffix("/s")), row[each]["median"])
                lines.setdefault(f"{each}, {fsync}", []).append(point)
    chart = svg.lines("Latency of the hub", lines, "events a second", "ms")
    return "\n".join([*parts, ""]), {"latency": chart}


GROWTH = {
    "rules": (
        "Rules in the config",
        "Rules are looked up by sender and type: those of other messages cost nothing.",
    ),
    "same-message": (
        "Rules for the same message",
        "Linear, and meant to be: each of them is asked, and its verdict is on record.",
    ),
    "parties": ("Parties in the register", "A party is looked up by its name."),
    "parties-shared": (
        "Parties that share a shard",
        """An event of a gemeente: one read names the intake of every gemeente, so it costs more \
the more there are. It is shared by the events of a batch, and there is one for each shard.""",
    ),
    "backlog": ("Events queued", "The first events of a longer and longer stream."),
    "recipients": (
        "Recipients of one event",
        "Linear, and meant to be: each has a verdict, a copy and a key of its own.",
    ),
    "size": ("Size of an event, KiB", "Linear in the bytes, on top of what any event costs."),
    "ledger": (
        "Records in the ledger",
        """The indexes on what is random (the message) are trees: a leaf is found in the \
logarithm, and no longer in the cache of pages once they outgrow it.""",
    ),
}
"""Dimension -> its heading, and why it grows as it does."""


def growth(value):
    """Return a table and a chart for each dimension."""
    parts, charts = [_GROWTH], {}
    for name, found in value["summary"].items():
        title, why = GROWTH[name]
        rows = {size: row for size, row in found.items() if size != "last to first"}
        last = found["last to first"]
        names = list(next(iter(rows.values())))
        parts += [f"### {title}\n", f"{why}\n"]
        parts.append(f"| {title[0].lower()}{title[1:]} | {' | '.join(map(_words, names))} |")
        parts.append("|---|" + "---|" * len(names))
        for size, row in rows.items():
            cells = " | ".join(spread(row[each]) for each in names)
            parts.append(f"| {svg.number_text(float(size))} | {cells} |")
        parts += [
            f"| last : first | {' | '.join(str(last.get(each, '')) for each in names)} |",
            "",
            image(f"growth-{name}"),
        ]
        series = {
            _words(each): [(float(size), row[each]["median"]) for size, row in rows.items()]
            for each in names
            if each.endswith("_us")
        }
        charts[f"growth-{name}"] = svg.lines(title, series, title.lower(), "µs")
    return "\n".join(parts), charts


def _words(name):
    return name.replace("_us", ", µs").replace("_ms", ", ms").replace("_", " ")


def memory(value):
    """Return the table of bytes."""
    words = {
        "event_bytes": "an event, raw",
        "queued_bytes": "an event, queued on its intake",
        "under_way_bytes": "more while a worker has it and has not finished",
        "payload_bytes": "a copy, raw: the minimised event",
        "copy_bytes": "an undelivered copy, everything counted",
        "copy_over_payload": "of that beyond the payload",
        "inbox_entry_bytes": "its entry in the inbox (sealed copy and what stands beside it)",
        "wrapped_key_bytes": "its wrapped key",
        "duplicate_check_bytes": "the duplicate check of one message",
        "duplicate_check_over_raw": "of that beyond the 16 bytes of a digest",
        "record_bytes": "a record, until it is sealed",
    }
    rows = ["| bytes in the broker's memory | |", "|---|---|"]
    rows += [
        f"| {text} | {spread(value['summary'][name])} |"
        for name, text in words.items()
        if name in value["summary"]
    ]
    return "\n".join([*rows, ""]), {}


def startup(value):
    """Return the tables of seconds."""
    rows = ["| command | seconds |", "|---|---|"]
    rows += [f"| `{name}` | {spread(row)} |" for name, row in value["summary"]["commands"].items()]
    rows += [
        "",
        "| `seinhuis up` | ready, s | first event routed, s | stopped, s | memory, MB |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {spread(row['ready_s'])} | {spread(row['routed_s'])} |"
            f" {spread(row['stopped_s'])} | {spread(row['memory_mb'])} |"
            for name, row in value["summary"]["hub"].items()
        ),
        "",
        "The broker first reads its append-only file: that is the time with many queued.",
        "",
    ]
    return "\n".join(rows), {}


def plain(value):
    """Return the figures of a script that prints them by name."""
    rows = ["| | |", "|---|---|"]
    for name, figure in _flat(value["summary"]):
        text = svg.number_text(figure) if isinstance(figure, int | float) else figure
        rows.append(f"| {name} | {text} |")
    return "\n".join([*rows, ""]), {}


def image(file):
    """Return how a chart stands on the page."""
    return f"![{file.replace('-', ' ')}](performance/{file}.svg)\n"


def spread(found):
    """Return a median with its spread, as it stands in a cell.

    >>> spread({"median": 1234, "min": 1000, "max": 1500, "rounds": 3})
    '1,234 (1,000–1,500)'
    """
    if found is None:
        return ""
    middle, low, high = (svg.number_text(found[each]) for each in ("median", "min", "max"))
    return middle if found["rounds"] == 1 else f"{middle} ({low}–{high})"


def _rate(row):
    return row["rate"]["median"] if row["rate"] else 0


def _flat(value, path=""):
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{path}{name}: ")
        else:
            figures = inner if isinstance(inner, list) else [inner]
            texts = [
                svg.number_text(each) if isinstance(each, int | float) else str(each)
                for each in figures
            ]
            yield f"{path}{name}", " · ".join(texts)


SECTIONS = {
    "throughput": ("Throughput", throughput),
    "latency": ("Latency", latency),
    "growth": ("Growth", growth),
    "memory": ("Memory", memory),
    "startup": ("Start-up", startup),
    "profile_path": ("Where the time of an event goes (µs)", plain),
    "sealing": ("Sealing", plain),
    "verify": ("Proofs", plain),
}
"""Script -> its heading, and what makes it: (result) -> (text, charts by name)."""
