"""docs/reports.md, from the declarations: `python -m include.reference` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from include.contracts.reports import REPORTS, Part, Report
from include.contracts.settings import ROOT
from include.reports.reading import short_names
from include.reports.settings import ReportSettings, read_settings

PLACE = ROOT / "docs" / "reports.md"
PICTURES = ROOT / "docs" / "pictures" / "reports"
INTRODUCTION = """# Reports

<!-- Written by `python -m include.reference` from the declarations; edit those. -->

Figures to look at instead of counts of leads. Each is declared once in `include/contracts/reports`, computed in
`include/reports/<key>.py` as of the logical date, audited and published with everything else, and kept: a row of
`report_history` for each row of a report that changed, so that what a report said on an earlier day can be had again.

```sh
python -m include report                                   # what there is
python -m include report churn --by industry               # one, broken down
python -m include report churn --part renewal --format csv # table, csv, ndjson, parquet, xlsx, svg
python -m include report nps --as-of 2026-09-30            # as it was on an earlier logical date
python -m include report funnel --criteria new.yaml        # whom other criteria would have found, by month
python -m include alert ID --reason "called"               # what came of a sales alert; the next run shows it
```

The same is on the page Reports, and at `GET /api/v1/reports/{key}` ([pages and API](web.md)).

- A person is the unified person and an account the living one, however many records or duplicates the sources have.
- Nothing after the logical date counts. What could not be judged is counted in `report_coverage` and said beside the
  report; a report whose source is missing is empty and says which one, and the others are whole.
- Intervals are of 95 %. Money is in the company's currency, and never added over currencies.
- `dimension` is what rows are broken down by, `all` is everything together. Segments are a dimension, as they are on
  the logical date.
"""


def render() -> str:
    """Return the page, in Markdown."""
    parts = [INTRODUCTION, *(line for report in REPORTS for line in _report(report)), *_settings()]
    return "\n".join(parts).rstrip() + "\n"


def _report(report: Report) -> Iterator[str]:
    yield f"## {report.name} (`{report.key}`)\n\n**{report.question}**\n"
    if (PICTURES / f"{report.key}.svg").exists():
        yield f"![{report.chart.title}](pictures/reports/{report.key}.svg)\n"
    yield f"{report.definition}\n\n{report.window} Source of the definition: {report.source}.\n"
    for need in report.needs:
        yield f"Without `{need.table}` it is empty and says: {need.says}\n"
    for part, name in zip(report.parts, ["", *short_names(report)], strict=True):
        yield from _part(part, f" (`--part {name}`)" if name else "")
    if report.covers:
        yield "It tells how much it could judge of:\n"
        yield "\n".join(f"- {cover.subject} ({cover.unit}). {cover.says}" for cover in report.covers) + "\n"
    if report.cannot_say:
        yield "It cannot say:\n"
        yield "\n".join(f"- {sentence}" for sentence in report.cannot_say) + "\n"


def _part(part: Part, how: str) -> Iterator[str]:
    yield f"`{part.name}`{how}: {part.title[0].lower()}{part.title[1:]}. A row is {part.grain}.\n"
    yield "| column | type | unit | what it is |\n|---|---|---|---|"
    yield (
        "\n".join(
            f"| `{f.column.name}` | {f.column.type.value} | {f.unit} | {f.column.description}"
            f"{': ' + ', '.join(f.column.allowed) if f.column.allowed and _unnamed(f.column) else ''} |"
            for f in part.figures
        )
        + "\n"
    )


def _unnamed(column: object) -> bool:
    return any(value not in column.description for value in column.allowed)  # type: ignore[attr-defined]


def _settings() -> Iterator[str]:
    yield "## Settings\n\nIn `include/config/reports.yaml`.\n\n| setting | value | what it is |\n|---|---|---|"
    settings = read_settings(ROOT / "include" / "config")
    for name in ReportSettings.model_fields:
        section: BaseModel = getattr(settings, name)
        for key, field in type(section).model_fields.items():
            value = getattr(section, key)
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            yield f"| `{name}.{key}` | {shown} | {field.description} |"


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
