"""Dates as a Dutch export writes them."""

from datetime import UTC, date, datetime

import pytest

from hub.adapters.dates import DateForm


def test_a_day_may_lack_its_leading_zeros():
    """A spreadsheet shows 3-1-2026 where a system wrote 03-01-2026."""
    assert DateForm("dd-mm-jjjj").day("3-1-2026") == date(2026, 1, 3)


def test_mm_is_the_month_and_after_uu_the_minute():
    """Dutch has one abbreviation for both, and a form must still be one form."""
    found = DateForm("dd-mm-jjjj uu:mm:ss").moment("23-11-2026 09:07:05")

    assert found.astimezone(UTC) == datetime(2026, 11, 23, 8, 7, 5, tzinfo=UTC)


def test_a_time_without_an_offset_is_dutch_local_time():
    """In summer that is two hours before UTC."""
    assert DateForm("jjjj-mm-dd uu:mm").moment("2026-07-01 12:00").isoformat().endswith("+02:00")


def test_the_hour_that_comes_twice_is_the_first():
    """A re-run must make the same event, so the choice is fixed."""
    assert DateForm("dd-mm-jjjj uu:mm").moment("25-10-2026 02:30").isoformat().endswith("+02:00")


def test_iso_keeps_the_offset_that_is_there():
    """Only what has no offset is taken for local time."""
    assert DateForm("iso").moment("2026-11-23T09:00:00Z").utcoffset().total_seconds() == 0
    assert DateForm("iso").moment("2026-11-23T09:00:00").utcoffset().total_seconds() == 3_600


@pytest.mark.parametrize(
    "text", ["31-02-2026", "2026-02-01", "1-2-26", "gisteren", "1-2-2026 10:00"]
)
def test_what_is_not_a_day_of_the_form_is_refused(text):
    """Nothing is guessed: American order and two-digit years would be guesses."""
    with pytest.raises(ValueError):  # noqa: PT011  (the text is Python's own)
        DateForm("dd-mm-jjjj").day(text)


@pytest.mark.parametrize(
    ("form", "with_time"),
    [
        ("dd-mm", False),
        ("dd-mm-jj", False),
        ("%d-%m-%Y", False),
        ("dd-mm-jjjj uu:mm", False),
        ("dd-mm-jjjj", True),
        ("dd-mm-jjjj uu", True),
        ("dd-mm-mm-jjjj", False),
    ],
)
def test_a_form_that_says_no_day_or_no_time_is_a_mistake(form, with_time):
    """A mapping with such a form is refused before the first file."""
    assert DateForm.mistake(form, with_time=with_time)


def test_a_percent_sign_in_a_form_is_a_percent_sign():
    """A form is ours, not that of the C library."""
    assert DateForm("jjjj%mm%dd").day("2026%11%23") == date(2026, 11, 23)
