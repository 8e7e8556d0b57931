"""Events: the staged activities of all sources as rows of one shape, under the names that conditions know.

A machine's clicks are no events. An open or click of which nobody can tell whose it was is one that is not certain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.events import EVENT_KIND, EventKind, Vocabulary, kinds
from include.contracts.events.declaration import PRODUCT
from include.contracts.tables import Column, Type
from include.measures.completeness import through
from include.measures.inputs import Inputs
from include.storage.engine import IBIS_TYPES

SHAPE = ("event", "event_id", "record_id", "company_id", "at", "day", "is_certain", "properties")
NUL = "\\u0000"  # PostgreSQL holds no text with this character


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _path(document: str, path: str) -> str:  # type: ignore[empty-body]
    """The text at a path of a JSON document; null when there is none."""


@ibis.udf.scalar.builtin(name="json_keys")  # type: ignore[untyped-decorator]
def _keys(document: str) -> list[str]:  # type: ignore[empty-body]
    """The keys of a JSON document."""


def events(inputs: Inputs, vocabulary: Vocabulary) -> ir.Table:
    """Return the rows of ``event``: of the days that are kept, with the person and the account of each."""
    rows = ibis.union(
        *_mail(inputs),
        *_answers(inputs),
        *_campaigns(inputs),
        *_talks(inputs),
        *_sales(inputs),
        *_use(inputs, vocabulary),
    )
    rows = rows.mutate(on_date=ibis.coalesce(rows.day, inputs.day(rows["at"])))
    since = inputs.as_of - timedelta(days=vocabulary.keep_days)
    rows = rows.filter((rows.on_date > ibis.literal(since)) & (rows.on_date <= inputs.today))
    people = inputs.crosswalk["record_id", "profile_id"].left_join(
        inputs.profile.select("profile_id", home="account_id"), "profile_id"
    )
    link = inputs.account_link.select(company_id="source_account_id", company="account_id")
    joined = rows.left_join(people.select("record_id", "profile_id", "home"), "record_id")
    joined = joined.drop("record_id_right").left_join(link, "company_id")
    known = joined.filter(joined.profile_id.notnull() | (joined.record_id.isnull() & joined.company_id.notnull()))
    return known.select(
        "event", "event_id", "profile_id", "record_id", "at", "on_date", "is_certain", "properties",
        account_id=ibis.coalesce(known.home, known.company, known.company_id),
    )  # fmt: skip


def event_kinds(inputs: Inputs, vocabulary: Vocabulary, rows: ir.Table) -> ir.Table:
    """Return the rows of ``event_kind``: all that are declared, and what else the product's export holds."""
    counted = rows.group_by("event").aggregate(
        events=rows.count(), people=rows.profile_id.nunique(), first_on=rows.on_date.min(), last_on=rows.on_date.max()
    )
    found = {row["event"]: row for row in counted.to_pyarrow().to_pylist()}
    none = {"events": 0, "people": 0, "first_on": None, "last_on": None}
    declared = [
        {**none, **found.get(kind.name, {}), **_described(kind), "through": _through(inputs, kind)}
        for kind in vocabulary.kinds.values()
    ]
    content = [*declared, *_undeclared(inputs, vocabulary)]
    return ibis.memtable(pa.Table.from_pylist(content, schema=EVENT_KIND.schema))


def _described(kind: EventKind) -> dict[str, object]:
    types = {column.name: column.type.value for column in kind.properties}
    return {
        "event": kind.name, "is_declared": True, "description": kind.description, "staged_table": kind.table,
        "properties": json.dumps(types),
    }  # fmt: skip


def _through(inputs: Inputs, kind: EventKind) -> date | None:
    return through(inputs.source_days, kind.table, inputs.as_of) if kind.table in inputs.fed else None


def _undeclared(inputs: Inputs, vocabulary: Vocabulary) -> Iterator[dict[str, object]]:
    """What the product's export holds under names that are not declared."""
    rows = inputs.usage_event
    others = rows.filter(~rows.event.isin([kind.name for kind in vocabulary.product]))
    others = others.mutate(day=inputs.day(others.at)).filter(lambda t: t.day <= inputs.today)
    counted = others.group_by("event").aggregate(
        events=others.count(), first_on=others.day.min(), last_on=others.day.max(), example=others.properties.max()
    )
    told = counted.mutate(keys=_keys(counted.example)).drop("example").order_by("event").to_pyarrow().to_pylist()
    for row in told:
        keys = dict.fromkeys(row.pop("keys") or (), "unknown")
        yield {
            **row,
            "is_declared": False,
            "staged_table": PRODUCT,
            "people": 0,
            "properties": json.dumps(keys),
            "through": inputs.usage_through,
        }


def _shaped(
    rows: ir.Table, event: ir.Value, event_id: str, at: ir.Value, told: Mapping[str, ir.Value], **more: ir.Value
) -> ir.Table:
    """The rows in the shape of SHAPE that happened at a moment or on a day; ``told`` are their properties."""
    is_day = at.type().is_date()
    given = {
        "at": at.cast(IBIS_TYPES[Type.TIMESTAMP]),
        "day": at if is_day else ibis.null("date"),
        "record_id": ibis.null("string"), "company_id": ibis.null("string"), "is_certain": ibis.literal(True),
        "properties": _document(told), **more,
    }  # fmt: skip
    shaped = rows.select(event=event, event_id=rows[event_id], **given).select(*SHAPE)
    return shaped.filter(shaped["at"].notnull())


def _document(told: Mapping[str, ir.Value]) -> ir.StringValue:
    """The properties as JSON."""
    if not told:
        return ibis.null("string")
    document = ibis.struct(dict(told)).cast("json").cast("string")
    return ibis.ifelse(document.contains(NUL), ibis.null("string"), document)


def _mail(inputs: Inputs) -> Iterator[ir.Table]:
    rows = inputs.email_activity
    rows = rows.filter(rows.actor.isnull() | (rows.actor != "machine"))
    names = {kind: declared.name for kind, declared in kinds.MAIL.items()}
    is_certain = rows.actor.isnull() | (rows.actor == "human") | (rows.kind == "unsubscribe")
    told = {"mailing": rows.mailing, "name": rows.detail}
    yield _shaped(
        rows, rows.kind.substitute(names), "activity_id", rows.at, told, record_id=rows.record_id, is_certain=is_certain
    )


def _answers(inputs: Inputs) -> Iterator[ir.Table]:
    rows = inputs.nps_response
    name = ibis.literal(kinds.SURVEY_ANSWERED.name)
    yield _shaped(rows, name, "response_id", rows.at, {"score": rows.score}, record_id=rows.record_id)


def _campaigns(inputs: Inputs) -> Iterator[ir.Table]:
    campaign = inputs.campaign.select("campaign_id", campaign="name", campaign_type="type")
    rows = inputs.campaign_member.left_join(campaign, "campaign_id").drop("campaign_id_right")
    told = {"campaign": rows.campaign, "type": rows.campaign_type, "status": rows.status}
    for kind, at in ((kinds.CAMPAIGN_JOINED, rows.created_at), (kinds.CAMPAIGN_RESPONDED, rows.first_responded_on)):
        yield _shaped(rows, ibis.literal(kind.name), "member_id", at, told, record_id=rows.record_id)


def _talks(inputs: Inputs) -> Iterator[ir.Table]:
    rows, name = inputs.conversation, ibis.literal(kinds.CONVERSATION_HELD.name)
    yield _shaped(rows, name, "conversation_id", rows.on_date, {"kind": rows.kind}, record_id=rows.record_id)


def _sales(inputs: Inputs) -> Iterator[ir.Table]:
    """What happens to a company: opportunities, contracts, deliveries."""
    rows = inputs.opportunity
    told = {"type": rows.type, "stage": rows.stage, "amount": rows.amount, "currency": rows.currency}
    for kind, at in (
        (kinds.OPPORTUNITY_CREATED, rows.created_at),
        (kinds.OPPORTUNITY_WON, ibis.ifelse(rows.is_won, rows.close_date, None)),
        (kinds.OPPORTUNITY_LOST, ibis.ifelse(rows.is_closed & ~rows.is_won, rows.close_date, None)),
    ):
        yield _of_company(rows, kind, "opportunity_id", at, told)
    begun = inputs.contract.filter(inputs.contract.status != "draft")
    told = {"contract_type": begun.contract_type, "annual_value": begun.annual_value}
    yield _of_company(begun, kinds.CONTRACT_BEGUN, "contract_id", begun.start_date, told)
    assets = inputs.asset
    told = {"product": assets["product"], "seats": assets.seats}
    yield _of_company(assets, kinds.PRODUCT_DELIVERED, "asset_id", assets.installed_on, told)


def _of_company(rows: ir.Table, kind: EventKind, key: str, at: ir.Value, told: Mapping[str, ir.Value]) -> ir.Table:
    return _shaped(rows, ibis.literal(kind.name), key, at, told, company_id=rows.account_id)


def _use(inputs: Inputs, vocabulary: Vocabulary) -> Iterator[ir.Table]:
    """The product's declared events; those with the same properties are read in one go."""
    alike: dict[tuple[Column, ...], list[str]] = {}
    for kind in vocabulary.product:
        alike.setdefault(kind.properties, []).append(kind.name)
    for properties, names in alike.items():
        rows = inputs.usage_event.filter(inputs.usage_event.event.isin(names))
        told = {column.name: _typed(rows.properties, column) for column in properties}
        yield _shaped(rows, rows.event, "event_id", rows.at, told, record_id=rows.record_id)


def _typed(properties: ir.StringValue, column: Column) -> ir.Value:
    """The value of a property; null where it is not of its type."""
    value = _path(properties, f'$."{column.name}"').try_cast(IBIS_TYPES[column.type])
    return ibis.ifelse(value.isnan() | value.isinf(), None, value) if column.type is Type.NUMBER else value
