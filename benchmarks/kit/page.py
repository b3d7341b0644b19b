"""The page `docs/performance.md`, made from the results; its charts go beside it."""

import json

from kit import sections, svg, targets

_INTRO = """# Performance

*Made by `make bench` from `benchmarks/results/`; do not edit. What is measured and how stands at \
the top of each script in `benchmarks/`.*

Trust the ratios: contenders are interleaved and a ratio is taken within a round, so what \
disturbs one disturbs the other. Figures are medians (lowest–highest of the rounds). None of this \
is a timed test.
"""


def render(results, where):
    """Write `performance.md` and its charts under `where`; return the path of the page.

    A script without a result is named as not measured. `results`: the folder of the JSON files.
    """
    found = {}
    for name in sections.SECTIONS:
        file = results / f"{name}.json"
        if file.exists():
            value = json.loads(file.read_text(encoding="utf-8"))
            if value["finished"]:
                found[name] = value
    charts = where / "performance"
    charts.mkdir(parents=True, exist_ok=True)
    parts = [_INTRO, _machine(found), "## Targets\n", targets.table(found)]
    for name, (title, make) in sections.SECTIONS.items():
        parts.append(f"## {title}\n")
        if name not in found:
            parts.append(f'Not measured yet: `make bench ARGS="--only {name}"`.\n')
            continue
        text, drawn = make(found[name])
        parts += [_how(name, found[name]["options"]), text]
        for file, chart in drawn.items():
            (charts / f"{file}.svg").write_text(chart, encoding="utf-8")
            if f"/{file}.svg)" not in text:
                parts.append(sections.image(file))
    page = where / "performance.md"
    page.write_text("\n".join(parts), encoding="utf-8")
    return page


def _how(name, options):
    """Say with which script and in which size these figures were made."""
    sizes = {key: value for key, value in options.items() if isinstance(value, int | float)}
    words = [f"{key} {svg.number_text(value)}" for key, value in sizes.items()]
    words += [options["arguments"]] if options.get("arguments") else []
    return (
        f"*[`{name}.py`](../benchmarks/{name}.py), {options['size']} size: {', '.join(words)}.*\n"
    )


def _machine(found):
    if not found:
        return "Nothing was measured yet.\n"
    rows = [
        "| measurement | when | commit | load before, after | machine |",
        "|---|---|---|---|---|",
    ]
    for name, value in found.items():
        on = value["machine"]
        changed = f" (+{on['changed_files']} changed)" if on["changed_files"] else ""
        rows.append(
            f"| {name} | {value['finished'][:10]} | {on['commit']}{changed} |"
            f" {value['load_before']}, {value['load_after']} | {on['cores']} × {on['processor']},"
            f" {on['memory_gib']} GiB, {on['system']}, Python {on['python']} |"
        )
    return "\n".join([*rows, ""])
