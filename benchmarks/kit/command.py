"""The command line that every script has, and what it prints at the end."""

import argparse
import json
import sys
from pathlib import Path

from kit.results import Result


def parser(doc):
    """Return the options that all scripts share; `doc` is the docstring of the script."""
    made = argparse.ArgumentParser(description=doc.partition("\n")[0])
    made.add_argument("--rounds", type=int, help="of each measurement, interleaved")
    size = made.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes: does it run, not how fast")
    size.add_argument("--full", action="store_true", help="more rounds and larger sizes: hours")
    made.add_argument("--json", action="store_true", help="print the result and nothing else")
    made.add_argument("--results", type=Path, help="folder to keep the result in; none: not kept")
    return made


def parse(made, words=None, **sizes):
    """Return what was chosen. `sizes`: option -> what it is with --quick, by itself, with --full.

    What stands on the command line itself goes before.
    """
    chosen = made.parse_args(words)
    for name, (quick, normal, full) in sizes.items():
        if getattr(chosen, name) is None:
            found = quick if chosen.quick else full if chosen.full else normal
            setattr(chosen, name, found)
    return chosen


def result(name, chosen, **options):
    """Return the result of this run; it goes on where an earlier one of this commit stopped."""
    from hub import log

    log.configure(json=True, level="error")
    size = "quick" if chosen.quick else "full" if chosen.full else "normal"
    options |= {"rounds": chosen.rounds, "size": size}
    return Result(name, options, folder=chosen.results)


def say(chosen, *words):
    """Tell how far it is, on stderr, unless only the result was asked for."""
    if not chosen.json:
        print(*words, file=sys.stderr, flush=True)


def show(chosen, found):
    """Print the result: as a document, or a line for each figure."""
    if chosen.json:
        print(json.dumps(found))
        return
    print(" ".join(f"{name}: {value}" for name, value in found["machine"].items()))
    for path, value in _lines(found["summary"]):
        print(f"{path:60} {value}")


def _lines(value, path=""):
    if isinstance(value, dict) and "median" in value:
        yield path, f"{value['median']:>12,} ({value['min']:,}-{value['max']:,})"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{path} {name}".strip())
    elif value is not None:
        yield path, f"{value:>12,}" if isinstance(value, int | float) else value
