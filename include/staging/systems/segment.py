"""Segment: product users, their workspaces, and what they do."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from include.contracts.staged import ACCOUNT, PERSON_RECORD, USAGE_EVENT
from include.staging import values
from include.staging.desk import Desk, Staged, shaped
from include.staging.faults import Rule
from include.staging.people import first_usable, latest_usable, person
from include.staging.row_rules import key_rules, moment_rules, presence_rules

ACTIONS = ("track", "page", "screen")
CALLS = (*ACTIONS, "identify", "group", "alias")
TRAITS = {
    "first_name": ("firstName", "first_name"), "last_name": ("lastName", "last_name"), "full_name": ("name",),
    "email": ("email",), "phone": ("phone",), "title": ("title",), "company": ("company.name", "company"),
    "street": ("address.street",), "city": ("address.city",), "region": ("address.state",),
    "postcode": ("address.postalCode",), "country": ("address.country",),
    "time_zone": ("timezone", "time_zone", "timeZone"),
}  # fmt: skip
DATES = {"created": ("createdAt", "created_at"), "born": ("birthday",)}
GROUP_TRAITS = {
    "name": ("name",), "domain": ("domain", "website"), "industry": ("industry",), "plan": ("plan",),
    "seats": ("seats",), "employees": ("employees",), "crm": ("salesforceId", "crmId", "crm_id"),
}  # fmt: skip


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _path(document: str, path: str) -> str:  # type: ignore[empty-body]
    """The text at a path of a JSON document; null when there is none."""


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _paths(document: str, paths: list[str]) -> list[str]:  # type: ignore[empty-body]
    """The texts at several paths of a JSON document, which is parsed once; null where there is none."""


def stage(desk: Desk) -> Staged:
    """Yield the rows that a Segment export gives to the staged tables."""
    if not desk.has("event"):
        return
    raw = desk.raw("event")
    rows = _timed(desk, desk.good(raw, "event", _rules(desk, raw.rows)))
    rows = _without_shared_users(desk, rows)
    yield USAGE_EVENT, _events(desk, rows)
    yield PERSON_RECORD, _users(desk, rows)
    yield ACCOUNT, _workspaces(desk, rows)


def _timed(desk: Desk, rows: ir.Table) -> ir.Table:
    """Add when each call was made: not after it was received, nor after the day of its file."""
    made, received = desk.moment(rows, "timestamp", "event"), desk.moment(rows, "receivedAt", "event")
    return desk.named(rows.mutate(_at=ibis.least(made, ibis.coalesce(received, made))))


def _without_shared_users(desk: Desk, rows: ir.Table) -> ir.Table:
    """Take away user ids under which more mail addresses were named than one person has: they are nobody's."""
    known = _said(desk, rows.filter((rows.type == "identify") & rows.userId.notnull()), {"email": TRAITS["email"]})
    address = values.email(known.email_0, desk.staging.placeholders.email)
    named = known.select("userId", _address=address).group_by("userId")
    counted = named.agg(addresses=lambda calls: calls._address.nunique())
    shared = desk.settled(counted.filter(counted.addresses > desk.staging.product.most_addresses))
    if not desk.tell("event", "shared_users", shared):
        return rows
    joined = rows.left_join(shared.select(_shared=shared.userId), [("userId", "_shared")])
    return joined.mutate(userId=ibis.ifelse(joined._shared.isnull(), joined.userId, None)).drop("_shared")


def _rules(desk: Desk, rows: ir.Table) -> tuple[Rule, ...]:
    kind = rows.type
    nameless = (kind == "track") & ~values.given(rows.event)
    nobody = kind.isin(["identify"]) & rows.userId.isnull() & rows.anonymousId.isnull()
    groupless = (kind == "group") & rows.groupId.isnull()
    return (
        *key_rules(rows, "messageId"),
        Rule(
            "unknown_value", "type", ~kind.isin(list(CALLS)) | kind.isnull(), "The type is no call of the Segment spec."
        ),
        *presence_rules(rows, "timestamp"),
        *moment_rules(rows, desk.zone, "timestamp"),
        Rule("missing_value", "event", nameless, "The track call names no event."),
        Rule("missing_value", "userId", nobody, "The identify call says of nobody."),
        Rule("missing_value", "groupId", groupless, "The group call names no group."),
    )


def _events(desk: Desk, rows: ir.Table) -> ir.Table:
    product = desk.staging.product
    acts = rows.filter(rows.type.isin(list(ACTIONS)))
    acts = acts.left_join(desk.settled(_owners(rows)), "anonymousId", rname="_of_{name}")
    user = ibis.coalesce(acts.userId, acts._owner)
    places = desk.settled(_last_groups(rows))
    acts = acts.mutate(_user=user).left_join(places, ["_user"], rname="_of_{name}")
    event = ibis.cases(
        (acts.type == "page", "Page Viewed"), (acts.type == "screen", "Screen Viewed"), else_=values.folded(acts.event)
    )
    acts = desk.named(acts.mutate(_event=event, _named=_path(acts.context, "$.groupId")))  # each read several times
    event = acts._event
    passive = values.among(event.lower(), [name.lower() for name in product.passive])
    feature = event.substitute(dict(product.features)) if product.features else event
    named = values.identifier(acts._named, desk.staging.placeholders.identifier)
    group = ibis.coalesce(acts.groupId, named, acts._group)
    found = {
        "event_id": desk.key("track", acts.messageId), "record_id": desk.key("user", acts._user),
        "is_stitched": acts.userId.isnull() & acts._owner.notnull(),
        "account_id": desk.key("group", group), "at": acts._at, "event": event, "is_core": ~passive,
        "feature": ibis.ifelse(passive, ibis.null("string"), feature), "properties": acts.properties,
        **desk.provenance(acts),
    }  # fmt: skip
    return shaped(USAGE_EVENT, found, acts)


def _owners(rows: ir.Table) -> ir.Table:
    """Anonymous ids that one user, and one only, was identified with: anonymousId, _owner."""
    known = rows.filter(rows.type.isin(["identify", "alias"]) & rows.userId.notnull() & rows.anonymousId.notnull())
    users = known.group_by("anonymousId").agg(_owner=known.userId.min(), _other=known.userId.max())
    return users.filter(users._owner == users._other).select("anonymousId", "_owner")


def _last_groups(rows: ir.Table) -> ir.Table:
    """The workspace that each user joined last: _user, _group."""
    joins = rows.filter((rows.type == "group") & rows.userId.notnull())
    joins = joins.mutate(_order=_order(joins))
    return joins.group_by(_user=joins.userId).agg(_group=joins.groupId.argmax(joins._order))


def _order(rows: ir.Table) -> ir.StringValue:
    """What puts calls in order of time, the same way each run."""
    return rows._at.cast("string") + rows.messageId


def _users(desk: Desk, rows: ir.Table) -> ir.Table:
    """One record a user: of each trait the latest value that is not null."""
    seen = rows.filter(rows.userId.notnull())
    seen = seen.group_by("userId").agg(
        _first=seen._at.min(), _load_id=seen._load_id.argmax(seen._extracted_at), _extracted_at=seen._extracted_at.max()
    )
    named = rows.filter((rows.type == "identify") & rows.userId.notnull())
    known = _said(desk, named.mutate(_zone=_path(named.context, "$.timezone")), {**TRAITS, **DATES})
    told = {
        name: first_usable(desk, name, *_of(known, name, paths), *([known._zone] if name == "time_zone" else []))
        for name, paths in TRAITS.items()
    }
    told |= {name: ibis.coalesce(*_of(known, name, paths)) for name, paths in DATES.items()}
    traits = _latest(desk, known, "userId", told)
    users = seen.left_join(traits, "userId").drop("userId_right")
    groups = _last_groups(rows)
    users = desk.settled(users.left_join(groups, users.userId == groups._user))
    knows = {
        "account_id": desk.key("group", users._group),
        "birth_date": values.day(users.born),
        "created_at": ibis.coalesce(values.moment(users.created, desk.zone), users._first),
        "updated_at": users._last,
    }
    return person(desk, users, "user", users.userId, says={name: users[name] for name in TRAITS}, knows=knows)


def _latest(desk: Desk, calls: ir.Table, key: str, told: Mapping[str, ir.Value]) -> ir.Table:
    """The latest value of each of the traits that says something, by key; with the time of the last call, _last."""
    calls = desk.settled(calls.select(key, "_at", **told, _order=_order(calls)))
    latest = {
        name: latest_usable(desk, name, calls[name], calls._order)
        if name in TRAITS
        else calls[name].argmax(calls._order, where=calls[name].notnull())
        for name in told
    }
    return calls.group_by(key).agg(**latest, _last=calls._at.max())


def _said(desk: Desk, calls: ir.Table, wanted: Mapping[str, tuple[str, ...]]) -> ir.Table:
    """Add what the calls' traits say, a column for each path of each trait: of a list its first item.

    In two steps, the latter computed, since the text of a trait stands many times in what is made of it.
    """
    paths = {f"{name}_{place}": path for name, found in wanted.items() for place, path in enumerate(found)}
    asked = [f"$.{path}{item}" for path in paths.values() for item in ("", "[0]")]
    calls = desk.named(calls.mutate(_said=_paths(calls.traits, asked)))
    texts = {name: _text(calls._said[2 * place], calls._said[2 * place + 1]) for place, name in enumerate(paths)}
    return desk.settled(calls.mutate(**texts).drop("_said", "traits", "properties", "context"))


def _text(whole: ir.StringValue, first: ir.StringValue) -> ir.StringValue:
    """The text of a trait; objects stand for nothing."""
    said = ibis.ifelse(whole.startswith("["), first, whole)
    return ibis.ifelse(said.re_search(r"^[\[{]"), ibis.null("string"), values.folded(said))


def _of(calls: ir.Table, name: str, paths: tuple[str, ...]) -> list[ir.StringValue]:
    """What a trait's paths say, after ``_said``."""
    return [calls[f"{name}_{place}"] for place in range(len(paths))]


def _workspaces(desk: Desk, rows: ir.Table) -> ir.Table:
    """One account a group: of each trait the latest value that is not null."""
    calls = _said(desk, rows.filter(rows.type == "group"), GROUP_TRAITS)
    told = {name: ibis.coalesce(*_of(calls, name, paths)) for name, paths in GROUP_TRAITS.items()}
    seen = calls.group_by("groupId").agg(
        _first=calls._at.min(), _load_id=calls._load_id.argmax(_order(calls)), _extracted_at=calls._extracted_at.max()
    )
    latest = seen.left_join(_latest(desk, calls, "groupId", told), "groupId").drop("groupId_right")
    blanks = desk.staging.placeholders.text
    crm_id = values.salesforce_id(values.identifier(latest.crm, desk.staging.placeholders.identifier))
    found = {
        "account_id": desk.key("group", latest.groupId), "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value),
        "object": ibis.literal("group"), "source_key": latest.groupId, "name": values.text(latest["name"], blanks),
        "domain": values.domain(latest.domain), "crm_id": crm_id, "industry": values.text(latest.industry, blanks),
        "plan": values.text(latest.plan, blanks), "seats": _count(latest.seats), "employees": _count(latest.employees),
        "is_deleted": ibis.literal(False), "created_at": latest._first, "updated_at": latest._last,
        **desk.provenance(latest),
    }  # fmt: skip
    return shaped(ACCOUNT, found, latest)


def _count(value: ir.StringValue) -> ir.IntegerValue:
    count = values.whole(value)
    return ibis.ifelse(count >= 0, count, ibis.null("int64"))
