"""What a run says of the data that its measures rest on, from the counts that `measure` left in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from include.contracts.measures import GIVERS, SOURCES

SET_ASIDE = 0.05  # share of an object's rows from which a run says so
UNJUDGED = 0.05  # share of what is unknown from which a run says so
AGE, STALE, MISSING = "age_days", "stale_days", "missing_days"
NONE: Mapping[str, Sequence[str]] = MappingProxyType({})


def source_count(source: str, name: str, what: str) -> str:
    """Name a count of a source's object: AGE, STALE or MISSING."""
    return f"source.{source}.{name}.{what}"


def basis_count(name: str) -> str:
    """Name the count of a kind of evidence, a key of contracts.metrics.BASES."""
    return f"basis.{name}"


def lacking_count(table: str) -> str:
    """Name the count of measures that are unknown because no source feeds a staged table, a key of SOURCES."""
    return f"lacking.{table}"


def remarks(counts: Mapping[str, int], unjudged: Mapping[str, Sequence[str]] = NONE) -> tuple[str, ...]:
    """Return a sentence for each thing that makes measures say less than they seem to; none where all is well.

    ``unjudged`` has the segments that cannot be judged, by the staged table, a key of SOURCES, that nothing feeds.
    """
    return (*_lacking(counts, unjudged), *_sources(counts), *_usage(counts), *_email(counts), *_sales(counts))


def set_aside(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each object of whose rows many were set aside, by the counts that `stage` left."""
    for name, raw in counts.items():
        scope, _, what = name.rpartition(".")
        lost = counts.get(f"{scope}.quarantined", 0) if what == "raw" else 0
        if scope.count(".") == 1 and lost and lost >= SET_ASIDE * raw:
            yield f"{lost:,} of {raw:,} rows of {scope} were set aside: python -m include quarantine says why."


def _lacking(counts: Mapping[str, int], unjudged: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for table, what in SOURCES.items():
        measures, segments = counts.get(lacking_count(table), 0), unjudged.get(table, ())
        unknown = [f"{_many(measures, 'measure')} {'is' if measures == 1 else 'are'} unknown"] if measures else []
        named = f"{_many(len(segments), 'segment')} cannot be judged"
        if not measures and segments:
            named += f" ({', '.join(segments)})"
        if unknown or segments:
            costs = " and ".join([*unknown, *([named] if segments else [])])
            yield f"No source gives {what}: {costs}. {GIVERS[table]} would, or any table by a mapping."


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _sources(counts: Mapping[str, int]) -> Iterator[str]:
    stale: dict[str, int] = {}
    for key, days in counts.items():
        kind, *place = key.split(".")
        if kind != "source":
            continue
        source, name, what = place
        if what == STALE:
            stale[source] = max(days, stale.get(source, 0))
        if what == MISSING:
            have, them = ("day has", "it") if days == 1 else ("days have", "them")
            yield f"{days:,} {have} no {name} file of {source}: what was done on {them} is missing everywhere."
    for source, days in stale.items():
        yield (
            f"The data of {source} ends {days:,} days before the logical date: what is measured from it stands as of "
            "then. See that its exports arrive."
        )


def _usage(counts: Mapping[str, int]) -> Iterator[str]:
    lost, everything = counts.get(basis_count("usage_by_nowhere"), 0), counts.get(basis_count("usage"), 0)
    if lost:
        yield f"{lost:,} of {everything:,} core actions belong to no account: neither workspace nor person tells one."


def _email(counts: Mapping[str, int]) -> Iterator[str]:
    for kind in ("opens", "clicks"):
        unknown = counts.get(basis_count(f"email_{kind}_unknown"), 0)
        everything = counts.get(basis_count(f"email_{kind}"), 0)
        if everything and unknown >= UNJUDGED * everything:
            yield (
                f"{unknown:,} of {everything:,} {kind} of 28 days may be a person's or a machine's, for want of user "
                f"agents in the export: they count as neither, so measures and segments of {kind} say less than they "
                "seem to."
            )


def _sales(counts: Mapping[str, int]) -> Iterator[str]:
    if mixed := counts.get(basis_count("accounts_of_currencies"), 0):
        who, whose = ("account has", "its") if mixed == 1 else ("accounts have", "their")
        yield (
            f"{mixed:,} {who} opportunities in several currencies, which cannot be added up: {whose} sums are unknown. "
            "Say in sources.yaml what one of each is worth in yours, such as currencies: {EUR: 1, USD: 0.92}."
        )
