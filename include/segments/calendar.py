"""The calendar of conditions: spans and periods, seen from the logical date; weeks begin on Monday."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta

UNITS = {"days": 36_500, "weeks": 5_200, "months": 1_200, "years": 100}  # and the most of each
PERIODS = ("day", "week", "month", "quarter", "year", "fiscal quarter", "fiscal year")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WHICH = ("last", "this", "next")


def period(text: str) -> tuple[str, str] | None:
    """Return which one and what of `last month`, `this fiscal year`; None where the text names no period."""
    which, _, what = text.partition(" ")
    return (which, what) if which in WHICH and what in PERIODS else None


def later(day: date, amount: int, unit: str) -> date:
    """Return the day so much later; a day that the month lacks becomes its last."""
    if unit in ("days", "weeks"):
        return day + timedelta(**{unit: amount})
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def first_day(as_of: date, period: str, step: int, begins: int = 1) -> date:
    """Return the first day of the period of the logical date, or of one so many later.

    Fiscal years begin with the month ``begins``, and their quarters with them.
    """
    if period in ("day", "week"):
        days = 7 if period == "week" else 1
        return as_of - timedelta(days=as_of.weekday() if period == "week" else 0) + timedelta(days=days * step)
    months = {"month": 1, "quarter": 3, "year": 12}[period.removeprefix("fiscal ")]
    shift = begins - 1 if period.startswith("fiscal ") else 0
    number = ((as_of.year * 12 + as_of.month - 1 - shift) // months + step) * months + shift
    return date(number // 12, number % 12 + 1, 1)


def anniversaries(first: date, last: date) -> dict[int, list[int]]:
    """Return the days of the calendar from one day to another, by year, each as month * 100 + day.

    In a year without a 29 February its anniversary is the 28th.
    """
    found: dict[int, list[int]] = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        found.setdefault(day.year, []).append(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            found[day.year].append(229)
    return found
