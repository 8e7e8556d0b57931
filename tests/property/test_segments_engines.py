"""A condition finds the same members on DuckDB, on PostgreSQL, and by a plain reading of it in Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import ibis
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.contracts.events import EVENT, EventKind, Vocabulary
from include.contracts.lists import ListSettings, PeopleList
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360, measures_of
from include.contracts.metrics import ACCOUNT_ABOVE
from include.contracts.settings import ROOT
from include.contracts.tables import Column, Table, Type
from include.segments import calendar, sequences, tree
from include.segments.asked import Asked
from include.segments.catalog import load
from include.segments.expression import matching
from include.segments.language import parse
from include.segments.population import MEMBER, Events, Population
from include.storage.holding import Holding
from include.storage.postgres.dialect import teach
from tests.reference_language import World, above, members

AS_OF = date(2024, 2, 29)
LOCALE_C = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
NUMBERS = count()  # Ibis cannot overwrite a table on these backends
DAYS = st.sampled_from(
    [AS_OF + timedelta(days=n) for n in (-400, -366, -90, -31, -30, -1, 0, 1, 28, 29, 60, 90, 91, 366)]
)
WORDS = st.sampled_from(
    ["", "Head of Data", "head of data", "Ingénieur", "INGÉNIEUR", "王伟", "100%", "a_b", "it's", "x\ny"]
)
WHOLE = st.integers(-3, 11)
SHARES = st.sampled_from([-100.0, -0.5, 0.0, 0.1, 0.3, 0.5, 1.0, 100.0])
SHIPPED = load(ROOT / "include" / "config")


def values(column: Column) -> st.SearchStrategy[Any]:
    if column.allowed:
        return st.sampled_from(column.allowed)
    kinds = {Type.TEXT: WORDS, Type.INTEGER: WHOLE, Type.NUMBER: SHARES, Type.BOOLEAN: st.booleans(), Type.DATE: DAYS}
    return kinds[column.type]


def rows(table: Table, names: list[str], ids: list[str], more: Mapping[str, st.SearchStrategy[Any]]) -> Any:
    """As many rows as there are ids, with random values, unknown ones among them, in the named columns."""
    cells = {name: st.none() | values(table.column(name)) for name in names} | dict(more)
    row = st.fixed_dictionaries(cells)
    return st.lists(row, min_size=len(ids), max_size=len(ids)).map(
        lambda drawn: [{**values, table.key[0]: id} for values, id in zip(drawn, ids, strict=True)]
    )


@st.composite
def worlds(draw: st.DrawFn, person_names: list[str], account_names: list[str]) -> World:
    people = [f"p{n}" for n in range(draw(st.integers(1, 12)))]
    companies = [f"a{n}" for n in range(3)]
    customers = draw(rows(CUSTOMER_360, person_names, people, {"account_id": st.none() | st.sampled_from(companies)}))
    accounts = draw(rows(ACCOUNT_360, account_names, companies, {}))
    known = {s.key: s.level for s in SHIPPED.segments} | {"some_people": "person", "some_accounts": "account"}
    inside = {
        key: (level, frozenset(draw(st.lists(st.sampled_from(people if level == "person" else companies)))))
        for key, level in known.items()
    }
    retired = draw(st.dictionaries(st.sampled_from(["old1", "old2"]), st.sampled_from(people)))
    kept = (*draw(histories("profile_id", [*people, *retired])), *draw(histories("account_id", companies)))
    homes = {row["profile_id"]: row["account_id"] for row in customers}
    return World(
        AS_OF,
        customers,
        accounts,
        inside,
        draw(happened(homes)),
        THROUGH,
        kept,
        retired,
        tuple(
            draw(st.lists(st.tuples(st.sampled_from(people), st.sampled_from(["a@x.test", "b@x.test", "c@x.test"]))))
        ),
        draw(st.sampled_from([{}, {"a1": "a0"}, {"a1": "a0", "a2": "a0"}, {"a2": "a1", "a1": "a0"}])),
    )


def histories(key: str, ids: list[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """What became of the class of NPS of some of them: a day has one value."""
    value = st.tuples(st.none() | st.sampled_from(["promoter", "passive"]), st.sampled_from([True, True, False]))
    days = st.dictionaries(st.tuples(st.sampled_from(ids), DAYS), value, max_size=12)
    return days.map(
        lambda kept: [
            {key: id, "since": since, "nps_class": value, "is_present": is_present}
            for (id, since), (value, is_present) in kept.items()
        ]
    )


EVENT_DAYS = st.integers(0, 40).map(lambda n: AS_OF - timedelta(days=n))
PROPERTIES = tuple(
    Column(name, kind, name)
    for name, kind in (("format", Type.TEXT), ("pages", Type.INTEGER), ("seconds", Type.NUMBER),
                       ("shared", Type.BOOLEAN), ("due", Type.DATE))
)  # fmt: skip
THROUGH = {**dict.fromkeys(SHIPPED.vocabulary.kinds, AS_OF), "Report Exported": AS_OF - timedelta(days=1)}
VOCABULARY = Vocabulary(
    {name: EventKind(name, "x", "usage_event", PROPERTIES) for name in ("Report Exported", "Signed In")},
    keep_days=400,
    fiscal_year_begins=4,
    lists={
        key: PeopleList(key, ListSettings(name=key, dated=day), ((2, "A@x.test"), (3, "b@x.test"), (4, "no@x.test")))
        for key, day in (("webinar", AS_OF), ("fair", AS_OF - timedelta(days=366)))
    },
)
OF_PROPERTY = {
    "format": st.sampled_from(["pdf", "PDF", "it's", ""]), "pages": st.integers(-1, 3),
    "seconds": st.sampled_from([0.0, 0.5, 2.25]), "shared": st.booleans(), "due": EVENT_DAYS,
}  # fmt: skip


def happened(homes: Mapping[str, str | None]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Events of people, of companies alone, of whom nobody can judge whether they did it, with properties unknown."""
    whose = st.sampled_from([*homes.items(), (None, "a0"), (None, "a1")])
    event = st.fixed_dictionaries(
        {
            "event": st.sampled_from(sorted(VOCABULARY.kinds)), "whose": whose, "on_date": EVENT_DAYS,
            "is_certain": st.sampled_from([True, True, True, False]), "hour": st.integers(0, 2),
            "properties": st.fixed_dictionaries({name: st.none() | value for name, value in OF_PROPERTY.items()}),
        }
    )  # fmt: skip
    return st.lists(event, max_size=25).map(
        lambda drawn: [
            {
                **row,
                "event_id": str(n),
                "profile_id": row["whose"][0],
                "account_id": row["whose"][1],
                "at": datetime.combine(row["on_date"], time(row["hour"]), UTC),
            }
            for n, row in enumerate(drawn)
        ]
    )


@st.composite
def deeds(draw: st.DrawFn) -> str:
    """A clause on events."""
    event = draw(st.sampled_from(sorted(VOCABULARY.kinds)))
    spans = ["within_last 14 days", "within_last 1 month", "before_last 2 weeks", "during 'last month'",
             "before '2024-02-20'", "after today - 10 days", "between '2024-02-01' and today - 3 days"]  # fmt: skip
    wheres = ["format = 'pdf'", "format contains 'PDF' and pages >= 2", "not shared or seconds < 1",
              "within_last(due, 20 days)", "pages is null", "format in ('pdf', 'it''s')"]  # fmt: skip
    span = draw(st.sampled_from(["", *(f", {span}" for span in spans)]))
    where = draw(st.sampled_from(["", *(f", where {where}" for where in wheres)]))
    match draw(st.sampled_from(["did", "did", "times", "property", "day", "then", "then"])):
        case "then":
            within = st.sampled_from(["", "within 3 days ", "within 1 month "])
            steps = st.sampled_from(sorted(VOCABULARY.kinds))
            without = ["", " without did('Signed In') between", " without did('Report Exported', where pages > 1)"]
            following = st.builds(" then {}did('{}'){}".format, within, steps, st.sampled_from(without))
            others = draw(st.lists(following, min_size=1, max_size=2))
            return f"{draw(NOT)}did('{event}'{span}{where}){''.join(others)}"
        case "did":
            often = draw(st.sampled_from(["", ", at_least 2", ", at_most 1", ", exactly 1", ", more than 1"]))
            return f"{draw(st.sampled_from(['did', 'did_not']))}('{event}'{often}{span}{where})"
        case "times":
            counted = f"times_did('{event}'{span}{where})"
            forms = [f"{counted} > 1", f"in_top({counted}, 30%)", f"{counted} <= times_did('Signed In')",
                     f"{counted} in (0, 2)", f"{counted} is null"]  # fmt: skip
            return draw(st.sampled_from(forms))
        case "property":
            if draw(st.booleans()):
                return draw(picked(event, f"{span}{where}"))
            what, of = draw(st.sampled_from([("distinct", "format"), ("distinct", "due"), ("sum", "pages"),
                                             ("sum", "seconds"), ("average", "pages")]))  # fmt: skip
            return f"{what}_did('{event}', {of}{span}{where}) {draw(COMPARISONS)} 1"
    which = draw(st.sampled_from(["first", "last"]))
    forms = [f"{which}_did('{event}'{where}{span or ', before today'})",
             f"within_last({which}_did('{event}'{where}), 14 days)", f"{which}_did('{event}'{where}) is null",
             f"{which}_did('{event}'{where}) < last_did('Signed In')"]  # fmt: skip
    return draw(st.sampled_from(forms))


@st.composite
def picked(draw: st.DrawFn, event: str, which: str) -> str:
    """A clause on one value of a property."""
    what = draw(st.sampled_from(["most_frequent_did", "earliest_did", "latest_did"]))
    forms = [f"{what}('{event}', format{which}) = 'pdf'", f"{what}('{event}', pages{which}) > 0",
             f"{what}('{event}', due{which}) is null"]  # fmt: skip
    return draw(st.sampled_from(forms))


@st.composite
def changes(draw: st.DrawFn) -> str:
    """A clause on the kept history."""
    turn = draw(st.sampled_from(["", ", from 'promoter' to 'passive'", ", to 'promoter'", ", from 'passive'"]))
    if draw(st.booleans()):
        asked = draw(st.sampled_from(["nps_class = 'promoter'", "nps_class != 'passive' or nps_class is null"]))
        return f"{draw(NOT)}was({asked}, {draw(st.sampled_from(['1 day', '30 days', '1 year']))} ago)"
    span = draw(st.sampled_from(["", ", within_last 90 days", ", before '2024-01-15'", ", during 'this month'"]))
    return f"{draw(NOT)}changed(nps_class{turn}{span})"


@st.composite
def sums(draw: st.DrawFn) -> str:
    """A clause on a sum of measures, of what is counted of events, of the days between two dates."""
    numbers = st.sampled_from(["account_employees", "usage_core_actions_28", "identity_confidence", "nps_score",
                               "times_did('Signed In')", "2", "0.5"])  # fmt: skip
    signs = st.sampled_from(["+", "-", "*", "/"])
    parts = st.builds("({} {} {})".format, numbers, signs, numbers) | numbers
    forms = [f"nps_score {draw(signs)} {draw(parts)} {draw(COMPARISONS)} 1", "renewal_date - nps_on > 60",
             f"today - nps_on {draw(COMPARISONS)} usage_core_actions_28 * 10",
             "in_top(nps_score / usage_core_actions_28, 30%)", "nps_score / usage_core_actions_28 is null",
             "nps_score - usage_core_actions_28 between -2 and 3"]  # fmt: skip
    return draw(st.sampled_from(forms))


COMPARED = {
    "nps_score", "nps_class", "nps_on", "nps", "title", "has_email", "identity_confidence", "usage_active_days_28",
    "usage_core_actions_28", "usage_breadth", "account_employees", "renewal_date", "contract_auto_renews",
}  # fmt: skip


FORMS = {
    Type.TEXT: ["like", "words"], Type.DATE: ["order", "between", "within", "beyond", "during", "today"],
    Type.BOOLEAN: ["flag", "true"], Type.INTEGER: ["order", "between", "column", "top"],
    Type.NUMBER: ["order", "between", "top"],
}  # fmt: skip
COMPARISONS = st.sampled_from(["<", "<=", ">", ">="])
NOT = st.sampled_from(["", "not "])


@st.composite
def clauses(draw: st.DrawFn, level: str) -> str:  # noqa: PLR0911 - one return a form
    known = {name: m.column for name, m in measures_of(level).items() if name in COMPARED}
    column = known[draw(st.sampled_from(sorted(known)))]
    literal = lambda: str(tree.Literal(draw(values(column)), column.type))  # noqa: E731
    form = draw(st.sampled_from(["null", "in", "equal", *FORMS[column.type]]))
    match form:
        case "null":
            return f"{column.name} is {draw(NOT)}null"
        case "in":
            return f"{column.name} {draw(NOT)}in ({literal()}, {literal()})"
        case "equal":
            return f"{column.name} {draw(st.sampled_from(['=', '!=', '<>']))} {literal()}"
        case "order":
            return f"{column.name} {draw(COMPARISONS)} {literal()}"
        case "between":
            return f"{column.name} between {literal()} and {literal()}"
        case "column":
            return f"{column.name} <= usage_core_actions_28"
        case "top":
            amount = draw(st.sampled_from(["1", "3", "10%", "33.5%", "100%"]))
            if draw(st.booleans()):
                return f"{draw(st.sampled_from(['top', 'bottom']))} {amount} by {column.name}"
            return f"in_top({column.name}, {amount}, nps_on is not null or in_segment('some_accounts'))"
        case "flag" | "true":
            word = draw(st.sampled_from(["true", "false"]))
            return column.name if form == "flag" else f"{column.name} is {draw(NOT)}{word}"
    return draw(texts(column.name) if column.type is Type.TEXT else days(column.name, form))


@st.composite
def texts(draw: st.DrawFn, name: str) -> str:
    if draw(st.booleans()):
        patterns = ["%", "_%", "%of%", "Head%", "王_", "%\n%", "a_b", "100%", "it''s", ""]
        return f"{name} {draw(NOT)}{draw(st.sampled_from(['like', 'ilike']))} '{draw(st.sampled_from(patterns))}'"
    words = draw(st.sampled_from(["contains", "does not contain", "starts with", "ends with", "is", "is not"]))
    looked = st.sampled_from(["of", "HEAD", "ÉN", "HEAD OF DATA", "ingénieur", "王", "%", "_", "it''s", "\n"])
    listed = ", ".join(f"'{text}'" for text in draw(st.lists(looked, min_size=1, max_size=3)))
    return f"{name} {words} any of ({listed})"


@st.composite
def days(draw: st.DrawFn, name: str, form: str) -> str:
    span = f"{draw(st.integers(0, 13))} {draw(st.sampled_from(['days', 'weeks', 'months', 'year']))}"
    is_ahead = draw(st.booleans())
    if form == "during":
        return f"{name} in {draw(st.sampled_from(calendar.WHICH))} {draw(st.sampled_from(calendar.PERIODS))}"
    if draw(st.booleans()) and form == "within":
        near = st.sampled_from(
            ["within_next 0 days", "within_next 14 days", "within_last 11 months", "within_last 2 days"]
        )
        return f"anniversary_of({name}, {draw(near)})"
    if draw(st.booleans()) and form == "beyond":
        return f"day_of_week({name}) {draw(NOT)}in ('Thursday', 'Friday')"
    if form == "today":
        return f"{name} {draw(COMPARISONS)} today {'+' if is_ahead else '-'} {span}"
    kinds = {"within": ("within_last", "within_next"), "beyond": ("before_last", "after_next")}
    return f"{kinds[form][is_ahead]}({name}, {span})"


def relatives(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A clause on an account's parents or children."""
    which = st.sampled_from(["parent", *(f"{many}_of_{whose}" for whose in tree.RELATED for many in tree.QUANTIFIERS)])
    several = st.builds("at_least_of_children({}, {})".format, st.integers(1, 2), inside)
    return st.builds("{}({})".format, which, inside) | several


def conditions(level: str, *, is_inside: bool = False) -> st.SearchStrategy[str]:
    leaves = clauses(level) | st.just("in_segment('some_accounts')") | deeds()
    if level == "person":
        on_list = st.sampled_from(["in_list('webinar')", "not in_list('webinar')", "in_list('fair')"])
        leaves |= st.just("in_segment('some_people')") | changes() | on_list | sums()
        inside = clauses("account") | deeds() | st.just("in_segment('some_accounts')") | relatives(clauses("account"))
        of_account = st.builds("{}account({} or {})".format, NOT, inside, inside)
        leaves = leaves if is_inside else leaves | of_account
    else:
        inner = conditions("person", is_inside=True)
        leaves |= st.builds("{}_of_people({})".format, st.sampled_from(tree.QUANTIFIERS), inner)
        leaves |= st.builds("at_least_of_people({}, {})".format, st.integers(1, 3), inner)
        leaves |= relatives(leaves)
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("({} or {})".format, inner, inner)
            | st.builds("not ({})".format, inner)
        ),
        max_leaves=6,
    )


@pytest.fixture(scope="module")
def backends(new_database: Callable[..., Any]) -> Iterator[tuple[ibis.BaseBackend, ibis.BaseBackend]]:
    """DuckDB, and a PostgreSQL whose own locale knows no letters but those of ASCII."""
    with new_database(LOCALE_C) as url, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        postgres = ibis.postgres.from_connection(connection)
        teach(postgres, connection)
        yield ibis.duckdb.connect(), postgres


def population(backend: ibis.BaseBackend, world: World) -> Population:
    tables = {}
    for name, table, data in (("customers", CUSTOMER_360, world.customers), ("accounts", ACCOUNT_360, world.accounts)):
        arrow = nullable(table, data)
        tables[name] = backend.create_table(f"{name}_{next(NUMBERS)}", ibis.memtable(arrow), temp=True)
    pairs = [(key, id) for key, (_, ids) in sorted(world.members.items()) for id in sorted(ids)]
    shape = pa.schema([("segment_key", pa.string()), ("member_id", pa.string())])
    arrow = pa.table([[key for key, _ in pairs], [id for _, id in pairs]], schema=shape)
    inside = backend.create_table(f"members_{next(NUMBERS)}", ibis.memtable(arrow), temp=True)
    content = pa.Table.from_pylist([{"record_id": None, **row, "properties": json.dumps(row["properties"], default=str)}
                                    for row in world.events], schema=nullable_schema(EVENT))  # fmt: skip
    events = backend.create_table(f"events_{next(NUMBERS)}", ibis.memtable(content), temp=True)
    return Population(
        world.as_of, tables["customers"], tables["accounts"],
        lambda key: (world.members[key][0], inside.filter(inside.segment_key == key).select("member_id")),
        events=Events(events, through=world.through),
        histories={level: history(backend, world, key) for level, key in MEMBER.items()},
        alias=aliases(backend, world),
        contacts=(points(backend, world), None),
        above=parents(backend, world),
    )  # fmt: skip


def parents(backend: ibis.BaseBackend, world: World) -> Any:
    chains = {account["account_id"]: above(account["account_id"], world) for account in world.accounts}
    rows = [
        {"account_id": id, "above_account_id": other, "steps": steps}
        for id, chain in chains.items()
        for steps, other in enumerate(chain, 1)
    ]
    content = pa.Table.from_pylist(rows, schema=nullable_schema(ACCOUNT_ABOVE))
    return backend.create_table(f"above_{next(NUMBERS)}", ibis.memtable(content), temp=True)


def history(backend: ibis.BaseBackend, world: World, key: str) -> Any:
    shape = pa.schema(
        [(key, pa.string()), ("since", pa.date32()), ("nps_class", pa.string()), ("is_present", pa.bool_())]
    )
    content = pa.Table.from_pylist([row for row in world.history if key in row], schema=shape)
    return backend.create_table(f"history_{next(NUMBERS)}", ibis.memtable(content), temp=True)


def aliases(backend: ibis.BaseBackend, world: World) -> Any:
    shape = pa.schema([("alias_id", pa.string()), ("profile_id", pa.string())])
    content = pa.table([list(world.alias), list(world.alias.values())], schema=shape)
    return backend.create_table(f"alias_{next(NUMBERS)}", ibis.memtable(content), temp=True)


def points(backend: ibis.BaseBackend, world: World) -> Any:
    shape = pa.schema([(name, pa.string()) for name in ("profile_id", "type", "value")])
    rows = [{"profile_id": id, "type": "email", "value": address} for id, address in world.addresses]
    content = pa.Table.from_pylist(rows, schema=shape)
    return backend.create_table(f"points_{next(NUMBERS)}", ibis.memtable(content), temp=True)


def nullable_schema(table: Table) -> pa.Schema:
    return pa.schema([field.with_nullable(True) for field in table.schema])


def nullable(table: Table, data: Any) -> pa.Table:
    """Rows of the columns that are used; unknown values may stand in all of them."""
    names = sorted(set(data[0]))
    schema = pa.schema([table.schema.field(name).with_nullable(True) for name in names])
    return pa.Table.from_pylist(list(data), schema=schema)


def found(node: tree.Node, level: str, people: Population) -> set[str]:
    member, people = MEMBER[level], Asked.by([(level, node)]).of(people, Holding())
    return set(matching(node, level, people).select(member).to_pyarrow()[member].to_pylist())


pytestmark = pytest.mark.slow
PERSON_NAMES = sorted(COMPARED & set(measures_of("person")))
ACCOUNT_NAMES = sorted(COMPARED & set(measures_of("account")))
SLOW = settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@SLOW
@given(data=st.data())
def test_random_conditions_agree(backends: Any, data: st.DataObject) -> None:
    world = data.draw(worlds(PERSON_NAMES, ACCOUNT_NAMES))
    populations = [population(backend, world) for backend in backends]
    few = data.draw(st.sampled_from([0, 1, sequences.FEW]))  # nobody here has done enough to be one of the many
    for level in ("person", "account"):
        for text in data.draw(st.lists(conditions(level), min_size=3, max_size=3)):
            node = parse(text, level, VOCABULARY)
            assert parse(str(node), level, VOCABULARY) == node
            expected = members(node, level, world)
            with patch.object(sequences, "FEW", few):
                assert [found(node, level, people) for people in populations] == [expected, expected], str(node)


@settings(SLOW, max_examples=8)
@given(data=st.data())
def test_every_shipped_definition_agrees(backends: Any, data: st.DataObject) -> None:
    names: dict[str, set[str]] = {"person": set(), "account": set()}
    for segment in SHIPPED.segments:
        names[segment.level].update(segment.measures)
        names["person"].update(tree.measures(segment.condition, of_people=True))
    world = data.draw(worlds(sorted(names["person"]), sorted(names["account"])))
    populations = [population(backend, world) for backend in backends]
    for segment in SHIPPED.segments:
        expected = members(segment.condition, segment.level, world)
        got = [found(segment.condition, segment.level, people) for people in populations]
        assert got == [expected, expected], segment.key


def test_all_definitions_that_are_shipped_are_sound() -> None:
    assert SHIPPED.refused == ()
    assert len(SHIPPED.segments) == len(list((ROOT / "include" / "config" / "segments").glob("*.yaml")))
