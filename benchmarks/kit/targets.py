"""The targets of the project, and whether the figures meet them."""

from kit.svg import number_text


def table(found):
    """Return the table of targets; what was not measured has no verdict."""
    rows = ["| target | wanted | measured | |", "|---|---|---|---|"]
    for text, sign, wanted, look in TARGETS:
        try:
            figure = look({name: value["summary"] for name, value in found.items()})
        except (KeyError, TypeError):
            figure = None
        if figure is None:
            rows.append(f"| {text} | {sign} {wanted} | not measured | |")
            continue
        met = figure >= wanted if sign == "≥" else figure <= wanted
        verdict = "met" if met else "**not met**"
        rows.append(f"| {text} | {sign} {wanted} | {number_text(figure)} | {verdict} |")
    return "\n".join([*rows, ""])


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
    return of["profile_path"]["validate, admit"] + of["profile_path"]["decide"]


TARGETS = (
    ("throughput, `always`: of the broker's own limit", "≥", 0.6, _ratio("hub", "limit")),
    ("throughput: times the naive handler", "≥", 30, _ratio("hub", "naive")),
    ("throughput: times Celery", "≥", 70, _ratio("hub", "celery")),
    ("throughput: times a batched Node.js worker", "≥", 1.5, _ratio("hub", "node")),
    ("two workers: times one", "≥", 1.5, _two_workers),
    ("latency at 200 events/s, p50, ms", "≤", 2.5, _at_200("p50")),
    ("latency at 200 events/s, p99, ms", "≤", 8, _at_200("p99")),
    ("validate and decide, µs of Python an event", "≤", 25, _validate_and_decide),
    (
        "memory of an undelivered copy beyond its payload, bytes", "≤", 400,
        lambda of: of["memory"]["copy_over_payload"]["median"],
    ),
    (
        "hub ready, seconds", "≤", 2,
        lambda of: of["startup"]["hub"]["again"]["ready_s"]["median"],
    ),
    (
        "`seinhuis --help`, seconds", "≤", 0.2,
        lambda of: of["startup"]["commands"]["seinhuis --help"]["median"],
    ),
)  # fmt: skip
"""What it says, which way, the figure wanted, and where it is found."""
