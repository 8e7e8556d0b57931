"""The waterfall as a chart: an SVG by Altair and vl-convert, without a browser or a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from include.matching.weights.waterfall import Step

UP, DOWN, TOTAL = "#2f7d5b", "#b5473c", "#3b5b8c"


def waterfall_svg(steps: Sequence[Step], title: str) -> str:
    """Return the waterfall of match weights as SVG; green bars speak for one person, red ones against."""
    import altair as alt  # noqa: PLC0415 - a second of import that only charts need pay
    import pandas as pd  # noqa: PLC0415
    import vl_convert  # noqa: PLC0415

    values = [_bar(number, step) for number, step in enumerate(steps)]
    if steps:
        total = steps[-1].after
        values.append({"place": len(steps), "label": "match weight", "low": min(0.0, total), "high": max(0.0, total),
                       "colour": TOTAL, "said": f"{total:+.1f}"})  # fmt: skip
    base = alt.Chart(pd.DataFrame(values), title=title, width=520, height=26 * len(values))
    order = alt.EncodingSortField(field="place", order="ascending")
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    bars = base.mark_bar(height=16).encode(
        y=y,
        x=alt.X("low:Q", title="log₂ odds that both are one person"),
        x2="high:Q",
        color=alt.Color("colour:N", scale=None),
    )
    words = base.mark_text(align="left", dx=5).encode(y=y, x="high:Q", text="said:N")
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(color="#888").encode(x="x:Q")
    chart = (
        (zero + bars + words).configure(font="sans-serif").configure_view(stroke=None).configure_title(anchor="start")
    )
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def write_svg(path: Path, steps: Sequence[Step], title: str) -> None:
    """Write the waterfall to a file."""
    path.write_text(waterfall_svg(steps, title), "utf-8")


def _bar(number: int, step: Step) -> dict[str, object]:
    label = f"{step.label}: {step.level}".replace("_", " ") if step.level else step.label
    return {
        "place": number,
        "label": label,
        "low": min(step.before, step.after),
        "high": max(step.before, step.after),
        "colour": UP if step.weight >= 0 else DOWN,
        "said": f"{step.weight:+.1f}",
    }
