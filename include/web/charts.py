"""Charts as SVG, by Altair and vl-convert: drawn on the server, with the numbers in a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fastapi import Response

INK, RENEWAL = "#1f5f8b", "#a5382d"


def line_svg(points: Sequence[tuple[date, float]], title: str) -> str:
    """Return a line over days; a single day is a point."""
    import altair as alt  # noqa: PLC0415 - a second of import that only charts need pay
    import pandas as pd  # noqa: PLC0415
    import vl_convert  # noqa: PLC0415

    data = pd.DataFrame({"day": [day.isoformat() for day, _ in points], "value": [value for _, value in points]})
    chart = alt.Chart(data, width=560, height=180).mark_line(point=True, color=INK).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b %Y", labelAngle=0, tickCount=6)),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=True)),
    )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(chart.configure(font="sans-serif").configure_view(stroke=None).to_dict()))


def spans_svg(spans: Sequence[tuple[str, date, date | None, date | None]], today: date) -> str:
    """Return contracts as bars on a time line: name, first and last day, day of renewal; one without an end is open."""
    import altair as alt  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    import vl_convert  # noqa: PLC0415

    open_end = max([today, *(day for span in spans for day in span[1:] if day)]) + timedelta(days=60)
    names = [name for name, *_ in spans]
    rows = [(name, start.isoformat(), (end or open_end).isoformat(), renews and renews.isoformat())
            for name, start, end, renews in spans]  # fmt: skip
    base = alt.Chart(pd.DataFrame(rows, columns=["name", "from", "to", "renews"]), width=560, height=26 * len(rows))
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=200))
    x = alt.X("from:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0, tickCount=6))
    bars = base.mark_bar(height=14, color=INK, opacity=0.75).encode(y=y, x=x, x2="to:T")
    ends = base.mark_point(shape="diamond", size=70, filled=True, color=RENEWAL).encode(y=y, x="renews:T")
    days = alt.Chart(pd.DataFrame({"day": [today.isoformat()]}))
    now = days.mark_rule(color="#888", strokeDash=[4, 3]).encode(x="day:T")
    chart = (bars + ends + now).configure(font="sans-serif").configure_view(stroke=None)
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def sparkline(values: Sequence[float]) -> str:
    """Return the points of a small line, 100 wide and 24 high, from the lowest value to the highest."""
    low, high = min(values), max(values)
    across = 100 / max(len(values) - 1, 1)
    heights = [22 - 20 * (value - low) / (high - low) if high > low else 12 for value in values]
    return " ".join(f"{number * across:.1f},{height:.1f}" for number, height in enumerate(heights))


def svg(text: str) -> Response:
    """Return a drawing; its own styles are allowed within it, and nothing else."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(text, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})
