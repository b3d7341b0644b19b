"""The sections of the page: from the result of a script to its text, tables and charts."""

from kit import growing, svg
from kit.cells import image, spread

FSYNC = {"always": "`appendfsync always` (the default)", "everysec": "`appendfsync everysec`"}


_THROUGHPUT = """The whole job for an event of 1 KB with two recipients. The hub also seals every \
copy under a key of its own and makes pseudonyms; the peers do not. *Of the limit*: against the \
very same calls to the broker, sent by a client that decides nothing. Every copy was counted \
afterwards, and every event acknowledged: what lost or doubled one has no figure. *Not sealed \
yet*: records that the ledger had not taken when the last event was done.
"""

_CLUSTER = """The whole job with two workers, of which one seals. The nodes share the cores of \
this machine, so its rate is not that of a cluster; the processor time of an event is, and cores \
add up where shards are divided over them.
"""

_LATENCY = """From when an event should be published until it is in the inbox of its recipient, in \
milliseconds. An open loop: a stall counts for every event that was due meanwhile; *p99 since \
sent* does not count that, for who compares. `naive`: the FastStream handler, which seals nothing.
"""


def throughput(value):
    """Return the table of all contenders for each setting, and a chart of it."""
    parts, charts = [_THROUGHPUT], {}
    for fsync, rows in value["summary"].items():
        parts += [
            f"### {FSYNC[fsync]}\n",
            f"| | {' | '.join(_COLUMNS.values())} |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for row in rows.values():
            if row["rate"] is None:
                parts.append(f"| {row['title']} | did not finish | | | | | | |")
                continue
            cells = [spread(row[name]) for name in _COLUMNS]
            failed = f" ({row['failed']} rounds did not finish)" if row["failed"] else ""
            parts.append(f"| {row['title']}{failed} | {' | '.join(cells)} |")
        parts += ["", _busy(rows), ""]
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


_COLUMNS = {
    "rate": "events/s",
    "of_limit": "of the limit",
    "hub_is_times": "the hub is … times",
    "worker_us": "worker, µs",
    "broker_us": "broker, µs",
    "memory_mb": "MB",
    "unsealed": "not sealed yet",
}


def _busy(rows):
    """Say how much of a core broker and hub used while the hub worked: what the limit is."""
    said = [
        f"{row['title']}: {_share(row, 'worker_us')} in the hub, {_share(row, 'broker_us')} in the"
        " broker"
        for name, row in rows.items()
        if name.startswith("hub") and row["rate"]
    ]
    return f"Cores in use meanwhile, by medians: {'; '.join(said)}." if said else ""


def _share(row, what):
    return f"{row[what]['median'] * row['rate']['median'] / 1e6:.2f}"


def cluster(value):
    """Return what an event costs on each kind of broker, and what a core of each holds."""
    parts = [
        _CLUSTER,
        (
            "| broker | events/s, all on this machine | hub and sealer, µs | all nodes, µs |"
            " events/s a core of workers holds | events/s a core of brokers holds |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for row in value["summary"].values():
        if row["rate"] is None:
            parts.append(f"| {row['title']} | did not finish | | | | |")
            continue
        cells = [spread(row[name]) for name in ("rate", "worker_us", "broker_us")]
        cells += [
            svg.number_text(round(1e6 / row[name]["median"], -1))
            for name in ("worker_us", "broker_us")
        ]
        failed = f" ({row['failed']} rounds did not finish)" if row["failed"] else ""
        parts.append(f"| {row['title']}{failed} | {' | '.join(cells)} |")
    return "\n".join([*parts, ""]), {}


def latency(value):
    """Return the percentiles by load, and a chart."""
    parts = [
        _LATENCY,
        "| contender, setting, load | p50 | p90 | p99 | p99.9 | max | p99 since sent | events |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines = {}
    for name, row in value["summary"].items():
        if row["not whole"]:
            parts.append(
                f"| {name} | {row['not whole']} of {row['rounds']} rounds: events were missing"
                " | | | | | | |"
            )
            continue
        cells = [spread(row[each]) for each in ("p50", "p90", "p99", "p99_9", "max")]
        parts.append(
            f"| {name} | {' | '.join(cells)} | {spread(row['sent']['p99'])} | {row['events']:,} |"
        )
        kind, fsync, load = name.split()
        if kind == "hub":
            for each in ("p50", "p99"):
                point = (int(load.removesuffix("/s")), row[each]["median"])
                lines.setdefault(f"{each}, {fsync}", []).append(point)
    if not lines:
        return "\n".join([*parts, ""]), {}
    chart = svg.lines("Latency of the hub", lines, "events a second", "ms")
    return "\n".join([*parts, ""]), {"latency": chart}


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
            f" {_stopped(row)} | {spread(row['memory_mb'])} |"
            for name, row in value["summary"]["hub"].items()
        ),
        "",
        "Before it is ready the broker reads its append-only file, with all that is queued in it.",
        "",
    ]
    return "\n".join(rows), {}


def _stopped(row):
    ended = row["did_not_stop"]
    return spread(row["stopped_s"]) + (f" **{ended} had to be ended**" if ended else "")


def plain(value):
    """Return the figures of a script that prints them by name."""
    rows = ["| | |", "|---|---|"]
    for name, figure in _flat(value["summary"]):
        text = svg.number_text(figure) if isinstance(figure, int | float) else figure
        rows.append(f"| {name} | {text} |")
    return "\n".join([*rows, ""]), {}


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
    "cluster": ("One broker and a cluster", cluster),
    "latency": ("Latency", latency),
    "growth": ("Growth", growing.section),
    "memory": ("Memory", memory),
    "startup": ("Start-up", startup),
    "profile_path": ("Where the time of an event goes (µs)", plain),
    "sealing": ("Sealing", plain),
    "verify": ("Proofs", plain),
}
"""Script -> its heading, and what makes it: (result) -> (text, charts by name)."""
