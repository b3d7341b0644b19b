"""The targets of the project, and whether the figures meet them."""

from kit.svg import number_text


def table(found):
    """Return the table of targets; what was not measured has no verdict."""
    rows = [
        "| target | wanted | measured | | where it is not met: what stands in the way |",
        "|---|---|---|---|---|",
    ]
    summaries = {name: value["summary"] for name, value in found.items()}
    for text, sign, wanted, look, why in TARGETS:
        figure = _asked(look, summaries)
        if figure is None:
            rows.append(f"| {text} | {sign} {wanted} | not measured | | |")
            continue
        met = figure >= wanted if sign == "≥" else figure <= wanted
        verdict = "met" if met else "**not met**"
        reason = "" if met else _asked(why, summaries) or ""
        rows.append(f"| {text} | {sign} {wanted} | {number_text(figure)} | {verdict} | {reason} |")
    return "\n".join([*rows, ""])


def _asked(look, summaries):
    """Return what `look` makes of the figures; None: not all that it needs was measured."""
    try:
        return look(summaries)
    except (KeyError, TypeError):
        return None


def _ratio(over, under):
    """Return how the ratio of two contenders with `always` is found: median of the rounds."""
    if under == "limit":
        return lambda of: of["throughput"]["always"][over]["of_limit"]["median"]
    return lambda of: of["throughput"]["always"][under]["hub_is_times"]["median"]


def _two_workers(of):
    return 1 / of["throughput"]["always"]["hub-2"]["hub_is_times"]["median"]


def _at_200(share):
    return lambda of: of["latency"]["hub always 200/s"][share]["median"]


def _validate_and_decide(of):
    # The best of the rounds, in processor time of one process: see `profile_path.py`.
    return of["profile_path"]["validate"] + of["profile_path"]["decide"]


def _rate(of, name):
    return of["throughput"]["always"][name]["rate"]["median"]


def _spent(of, name):
    """Return the µs of all processes for one event."""
    found = of["throughput"]["always"][name]
    return found["worker_us"]["median"] + found["broker_us"]["median"]


def _two_cores(of):
    wanted = 0.6 * _rate(of, "limit")
    return (
        f"processor time: 0.6 of the limit is {wanted:,.0f} events/s, which leaves"
        f" {2e6 / wanted:.0f} µs of two cores for an event; deciding, sealing copies, sealing"
        f" records and the broker take {_spent(of, 'hub'):.0f} µs. Without the ledger it is"
        f" {of['throughput']['always']['hub-no-seal']['of_limit']['median']}"
    )


def _beyond_the_limit(name):
    """Return how it is said that even a hub that decides nothing would not be there."""

    def why(of):
        times = _rate(of, "limit") / _rate(of, name)
        return f"out of reach: the broker's own limit, where nothing is decided, is {times:.1f}"

    return why


def _node(of):
    times = _rate(of, "limit") / _rate(of, "node")
    unsealed = _rate(of, "hub-no-seal") / _rate(of, "node")
    return (
        "that worker seals no copy, keeps no ledger and makes no pseudonyms; the hub without its"
        f" ledger is {unsealed:.2f} times it, the broker's own limit {times:.2f} times"
    )


def _no_more_cores(of):
    one, two = (_rate(of, name) * _spent(of, name) / 1e6 for name in ("hub", "hub-2"))
    return (
        f"there are two cores, and one worker with sealer and broker uses {one:.2f} of them"
        f" already (two: {two:.2f})"
    )


def _python(of):
    found = of["profile_path"]
    return (
        f"reading {found['validate']:.0f} µs, deciding {found['decide']:.0f} µs; the reader of"
        " pydantic alone takes about 10 of it (docs/decisions/0009-the-hot-path.md)"
    )


def _bytes(of):
    of = of["memory"]
    return (
        f"the entry takes {of['inbox_entry_bytes']['median'] - of['payload_bytes']['median']:.0f}"
        f" more than its payload (steps of 256 of the allocator; an entry a node, so that what is"
        f" deleted is gone), its wrapped key {of['wrapped_key_bytes']['median']:.0f}, half of the"
        f" duplicate check {of['duplicate_check_bytes']['median'] / 2:.0f}"
    )


def _no_reason(_of):
    return ""


TARGETS = (
    ("throughput, `always`: of the broker's own limit", "≥", 0.6, _ratio("hub", "limit"),
     _two_cores),
    ("throughput: times the naive handler", "≥", 30, _ratio("hub", "naive"),
     _beyond_the_limit("naive")),
    ("throughput: times Celery", "≥", 70, _ratio("hub", "celery"), _beyond_the_limit("celery")),
    ("throughput: times a batched Node.js worker", "≥", 1.5, _ratio("hub", "node"), _node),
    ("two workers: times one", "≥", 1.5, _two_workers, _no_more_cores),
    ("latency at 200 events/s, p50, ms", "≤", 2.5, _at_200("p50"), _no_reason),
    ("latency at 200 events/s, p99, ms", "≤", 8, _at_200("p99"), _no_reason),
    ("validate and decide, µs of Python an event", "≤", 25, _validate_and_decide, _python),
    (
        "memory of an undelivered copy beyond its payload, bytes", "≤", 400,
        lambda of: of["memory"]["copy_over_payload"]["median"], _bytes,
    ),
    (
        "hub ready, seconds", "≤", 2,
        lambda of: of["startup"]["hub"]["again"]["ready_s"]["median"], _no_reason,
    ),
    (
        "`seinhuis --help`, seconds", "≤", 0.2,
        lambda of: of["startup"]["commands"]["seinhuis --help"]["median"], _no_reason,
    ),
)  # fmt: skip
"""What it says, which way, the figure wanted, where it is found, and why when it is not met."""
