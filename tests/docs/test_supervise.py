"""The page for who supervises the hub, against the metrics that there are."""

import re
from pathlib import Path

from hub.metrics import METRICS
from hub.supervision import health

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs/howto/supervise.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(seinhuis_[a-z_]+)(?:\{([a-z,]+)\})?` \| ([a-z]+) \| (.+) \|$", re.MULTILINE
)


def test_the_page_has_every_metric_as_it_is():
    """Name, labels, kind and meaning, in the order of `/metrics`."""
    expected = [
        (name, ",".join(each.labels), each.kind.value, each.meaning)
        for name, each in METRICS.items()
    ]
    assert expected == ROW.findall(PAGE)


def test_the_page_has_everything_that_health_is_about():
    """Whoever reads a reason finds it in the table."""
    text = Path(health.__file__).read_text(encoding="utf-8")
    told = set(re.findall(r'\("(\w+)", ', text)) | {"event loop", "reader", "sealer"}
    shown = set(re.findall(r"^\| `([a-z ]+)`", PAGE, re.MULTILINE))
    assert told == shown
