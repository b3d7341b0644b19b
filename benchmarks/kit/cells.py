"""What stands in a cell of a table, and where a chart stands."""

from kit import svg


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
