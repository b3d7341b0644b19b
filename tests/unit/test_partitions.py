"""Which partition a case is in: the same everywhere, evenly, and mostly where it was before."""

import json
from collections import Counter
from pathlib import Path

import pytest

from handlers.partitions import case_in, case_of, partition_of
from schemas.reading import parse
from schemas.roles import MOST_PARTITIONS

CASES = [f"zaak-{number}" for number in range(4_000)]
EXAMPLES = [
    file
    for file in sorted((Path(__file__).parents[1] / "examples").glob("*.json"))
    if case_in(json.loads(file.read_bytes())["data"])
]
"""Of messages about a case or a message; what only the hub says is about neither."""


def test_a_case_is_in_the_same_partition_in_every_process_and_version():
    """Written down: another answer tomorrow would put one case in two partitions."""
    found = [partition_of(case, 8) for case in ("Z-2026-1", "Z-2026-2", "Z-2026-3", "")]
    assert [7, 2, 2, 5] == found


@pytest.mark.parametrize("count", [1, 2, 8, MOST_PARTITIONS])
def test_cases_are_divided_evenly(count):
    found = Counter(partition_of(case, count) for case in CASES)
    assert set(range(count)) == set(found)
    assert max(found.values()) < 1.6 * len(CASES) / count


@pytest.mark.parametrize("count", range(1, 16))
def test_with_one_partition_more_few_cases_move_and_only_to_that_one(count):
    moved = [
        partition_of(case, count + 1)
        for case in CASES
        if partition_of(case, count) != partition_of(case, count + 1)
    ]
    assert {count} == set(moved)
    assert len(moved) < 1.3 * len(CASES) / (count + 1)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_a_sender_works_out_the_same_case_from_what_it_writes(file):
    """An act is about a message: by shard and bericht as it stands in an inbox."""
    raw = file.read_bytes()
    assert case_in(json.loads(raw)["data"]) == case_of(parse(raw).data) != ""
