"""What a figure that has drifted is called for people: counts and shares, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from include.quality.drift.figure import NUMBER, Figure, Kind
from include.quality.drift.judging import Verdict

IS, WAS = "is.", "was."  # what begins the names of values in what was observed
GONE = "gone"  # 1 where there is no value any more
ON = "day"  # the logical date there, as the number of the day since 0001-01-01, which is 1


def observed(figure: Figure, day: date, verdict: Verdict) -> dict[str, float]:
    """Return what is kept of a figure of a day: its values and rows, how it was judged, and what it is next to."""
    kept = {f"{IS}{name}": value for name, value in figure.values.items()}
    kept |= {"rows": float(figure.rows), ON: float(day.toordinal())}
    if not verdict.is_judged:
        return {**kept, "days": float(verdict.days)}
    judged = {"distance": verdict.distance, "allowed": verdict.allowed, "days": float(verdict.days)}
    if not figure.values:
        return {**kept, **judged, GONE: 1.0}
    return {**kept, **judged, f"{WAS}{verdict.moved}": verdict.expected}


def values_of(kept: Mapping[str, float]) -> dict[str, float]:
    """Return the values of a figure from what was kept of it."""
    return {name.removeprefix(IS): value for name, value in kept.items() if name.startswith(IS)}


def sentence(kind: Kind, name: str, kept: Mapping[str, float]) -> str:
    """Say what a judged figure is and what would be usual."""
    if GONE in kept:
        return f"{name} is gone: it has no {kind.says} any more, and had on {kept['days']:,.0f} of the days before."
    ((moved, expected),) = ((key.removeprefix(WAS), value) for key, value in kept.items() if key.startswith(WAS))
    now, allowed = kept.get(f"{IS}{moved}", 0.0), kept["allowed"]
    if kind.unit == "shares":
        what = f"the {kind.says} have moved by {kept['distance']:.1%}"
        return f"{name}: {what}, most of {moved!r} ({expected:.1%} → {now:.1%}); up to {allowed:.1%} would be usual."
    low, high = max(expected - allowed, 0.0), expected + allowed
    if kind.unit == "count":
        return f"{name}: {now:,.0f} {kind.says}; {low:,.0f} to {high:,.0f} would be usual."
    return f"{name}: the {kind.says} is {now:.1%}; {low:.1%} to {min(high, 1.0):.1%} would be usual."


def usual(kind: Kind, kept: Mapping[str, float]) -> str:
    """Return the range that would be usual, briefly; how much history there is before a figure is judged."""
    if GONE in kept:
        return f"there on {kept['days']:,.0f} days"
    if "allowed" not in kept:
        return f"not judged yet ({kept['days']:,.0f} like days)"
    (expected,) = (value for key, value in kept.items() if key.startswith(WAS))
    low, high = max(expected - kept["allowed"], 0.0), expected + kept["allowed"]
    if kind.unit == "count":
        return f"{low:,.0f} – {high:,.0f}"
    return f"moved by ≤ {kept['allowed']:.1%}" if kind.unit == "shares" else f"{low:.1%} – {min(high, 1.0):.1%}"


def now(kind: Kind, kept: Mapping[str, float]) -> str:
    """Return what a figure is, briefly."""
    if GONE in kept:
        return GONE
    if kind.unit == "shares":
        return f"moved by {kept['distance']:.1%}" if "distance" in kept else f"{len(values_of(kept))} values"
    value = kept[f"{IS}{NUMBER}"]
    return f"{value:,.0f}" if kind.unit == "count" else f"{value:.1%}"
