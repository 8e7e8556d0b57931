"""What the columns of a mapped source may be: the fields of a person, an account, a contract and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from include.contracts.vocabulary import (
    CONSENT_PURPOSES,
    CONSENT_STATUSES,
    CONTRACT_STATUSES,
    CONTRACT_TYPES,
    CONVERSATIONS,
    EMAIL_ACTIVITY_KINDS,
    GRADES,
)


class Kind(Enum):
    """How the values of a field are read."""

    KEY = "key"  # what identifies something, as it stands
    PERSON = "person"  # the key of a person
    ACCOUNT = "account"  # the key of an account
    OPPORTUNITY = "opportunity"  # the key of an opportunity
    TEXT = "text"
    EMAIL = "email"
    DOMAIN = "domain"
    DAY = "day"
    MOMENT = "moment"
    NUMBER = "number"
    WHOLE = "whole"  # a whole number that is not negative
    FLAG = "flag"
    WORD = "word"  # one of its words


@dataclass(frozen=True, slots=True)
class TargetField:
    """One field: how it is read, what it means, and of a word which there are."""

    kind: Kind
    description: str
    personal: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a row may be: its fields, those that it cannot be without, and the staged table that it goes into.

    ``each``: every row that is staged is one row of the table, where it is not folded by a key of its own.
    ``also`` names further tables that a field feeds.
    """

    fields: Mapping[str, TargetField]
    required: tuple[str, ...]
    table: str
    each: bool = True
    also: Mapping[str, str] = field(default_factory=dict)


class Named(Mapping[str, TargetField]):
    """Fields of any name, all of one kind: the names are the source's own, as those of stages are."""

    def __init__(self, each: TargetField) -> None:
        self._each = each

    def __getitem__(self, name: str) -> TargetField:
        return self._each

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _fields(**given: tuple[Kind, str] | TargetField) -> Mapping[str, TargetField]:
    return MappingProxyType({n: f if isinstance(f, TargetField) else TargetField(*f) for n, f in given.items()})


def _personal(kind: Kind, description: str) -> TargetField:
    return TargetField(kind, description, personal=True)


def _word(description: str, words: tuple[str, ...]) -> TargetField:
    return TargetField(Kind.WORD, description, words=words)


_PERSON = _fields(
    key=(Kind.KEY, "what makes the person unique in the source"),
    first_name=_personal(Kind.TEXT, "given name"),
    last_name=_personal(Kind.TEXT, "family name"),
    full_name=_personal(Kind.TEXT, "name in one column"),
    email=_personal(Kind.TEXT, "mail address"),
    phone=_personal(Kind.TEXT, "telephone"),
    company=(Kind.TEXT, "employer, by name"),
    title=(Kind.TEXT, "job title"),
    street=_personal(Kind.TEXT, "street and number"),
    city=(Kind.TEXT, "city"),
    region=(Kind.TEXT, "state or province"),
    postcode=_personal(Kind.TEXT, "postal code"),
    country=(Kind.TEXT, "country"),
    time_zone=(Kind.TEXT, "time zone, by its IANA name, that of Windows or its city"),
    birth_date=_personal(Kind.DAY, "date of birth"),
    crm_id=(Kind.KEY, "the CRM's id of the person, in another system"),
    account=(Kind.ACCOUNT, "the person's account"),
    created_at=(Kind.MOMENT, "when the source created the row"),
    updated_at=(Kind.MOMENT, "when the source last changed the row"),
    is_deleted=(Kind.FLAG, "the source has deleted the row"),
    email_opt_out=(Kind.FLAG, "the person wants no marketing mail"),
    phone_opt_out=(Kind.FLAG, "the person wants no marketing calls"),
)
_ACCOUNT = _fields(
    key=(Kind.KEY, "what makes the account unique in the source"),
    name=(Kind.TEXT, "the company's name"),
    domain=(Kind.DOMAIN, "its web address or domain"),
    parent=(Kind.ACCOUNT, "the account above it"),
    crm_id=(Kind.KEY, "the CRM's id of the account, in another system"),
    type=(Kind.TEXT, "customer, prospect, partner and so on"),
    industry=(Kind.TEXT, "industry"),
    employees=(Kind.WHOLE, "employees"),
    annual_revenue=(Kind.NUMBER, "revenue a year"),
    country=(Kind.TEXT, "country"),
    owner=(Kind.KEY, "who looks after it"),
    plan=(Kind.TEXT, "product plan"),
    seats=(Kind.WHOLE, "seats bought"),
    created_at=(Kind.MOMENT, "when the source created the row"),
    updated_at=(Kind.MOMENT, "when the source last changed the row"),
    is_deleted=(Kind.FLAG, "the source has deleted the row"),
)
_CONTRACT = _fields(
    account=(Kind.ACCOUNT, "whose contract it is"),
    number=(Kind.TEXT, "contract number"),
    status=_word("how it stands", CONTRACT_STATUSES),
    type=_word("how it ends or renews; else by its terms", CONTRACT_TYPES),
    start=(Kind.DAY, "first day"),
    end=(Kind.DAY, "last day"),
    term_months=(Kind.WHOLE, "length in months"),
    auto_renew=(Kind.FLAG, "it renews by itself"),
    notice_days=(Kind.WHOLE, "days before the end by which notice must be given"),
    annual_value=(Kind.NUMBER, "value a year"),
)
_OPPORTUNITY = _fields(
    account=(Kind.ACCOUNT, "whom it is with"),
    people=(Kind.PERSON, "who has a part in it; where `split` parts several, all of them"),
    owner=(Kind.KEY, "whose it is"),
    name=(Kind.TEXT, "name"),
    type=(Kind.TEXT, "new business, renewal, expansion and so on"),
    stage=(Kind.TEXT, "stage"),
    amount=(Kind.NUMBER, "amount"),
    is_closed=(Kind.FLAG, "closed, won or lost; else by the stage"),
    is_won=(Kind.FLAG, "won; else by the stage"),
    close_date=(Kind.DAY, "expected or real close"),
    loss_reason=(Kind.TEXT, "why it was lost"),
    created_at=(Kind.MOMENT, "when it was created"),
)
_LEAD = _fields(
    person=(Kind.PERSON, "who came that far"),
    hand_raised=(Kind.DAY, "day on which the person asked for something"),
    mql=(Kind.DAY, "day on which marketing qualified the person"),
    sal=(Kind.DAY, "day on which sales took the person up"),
    sql=(Kind.DAY, "day on which sales qualified the person"),
    rejected=(Kind.DAY, "day on which sales said no"),
    recycled=(Kind.DAY, "day on which sales sent the person back"),
    converted=(Kind.DAY, "day on which an opportunity came of it"),
    reason=(Kind.TEXT, "why the person was rejected or recycled"),
    owner=(Kind.KEY, "whose the person is"),
)

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "person": Target(_PERSON, ("key",), "person_record"),
        "account": Target(_ACCOUNT, ("key",), "account"),
        "membership": Target(
            _fields(
                person=(Kind.PERSON, "who belongs to the account"),
                account=(Kind.ACCOUNT, "the account"),
            ),
            ("person", "account"),
            "person_record",
            each=False,
        ),
        "activity": Target(
            _fields(
                person=(Kind.PERSON, "whose mail it was"),
                kind=_word("what happened", EMAIL_ACTIVITY_KINDS),
                at=(Kind.MOMENT, "when"),
                mailing=(Kind.TEXT, "which mail or campaign"),
                user_agent=(Kind.TEXT, "user agent"),
            ),
            ("person", "kind", "at"),
            "email_activity",
        ),
        "use": Target(
            _fields(
                person=(Kind.PERSON, "who did it"),
                account=(Kind.ACCOUNT, "in whose workspace"),
                at=(Kind.MOMENT, "when"),
                event=(Kind.TEXT, "what was done; logins and page views are no real use, by staging.yaml"),
                feature=(Kind.TEXT, "feature it belongs to"),
            ),
            ("at", "event"),
            "usage_event",
        ),
        "contract": Target(_CONTRACT, ("account", "start"), "contract"),
        "opportunity": Target(
            _OPPORTUNITY, ("stage",), "opportunity", also=MappingProxyType({"people": "opportunity_contact_role"})
        ),
        "entered": Target(
            Named(TargetField(Kind.MOMENT, "when the opportunity of the row came into the stage of this name")),
            (),
            "opportunity_stage",
            each=False,
        ),
        "change": Target(
            _fields(
                opportunity=(Kind.OPPORTUNITY, "the opportunity that changed"),
                stage=(Kind.TEXT, "the stage that it came into"),
                at=(Kind.MOMENT, "when"),
            ),
            ("opportunity", "stage", "at"),
            "opportunity_stage",
        ),
        "lead": Target(_LEAD, ("person",), "lead_step", each=False),
        "score": Target(
            _fields(
                person=(Kind.PERSON, "who is judged"),
                score=(Kind.WHOLE, "interest"),
                grade=_word("fit", GRADES),
                at=(Kind.MOMENT, "since when it is so at least"),
            ),
            ("person",),
            "prospect_score",
            each=False,
        ),
        "response": Target(
            _fields(
                person=(Kind.PERSON, "who is in the campaign"),
                campaign=(Kind.TEXT, "its name"),
                type=(Kind.TEXT, "its type"),
                status=(Kind.TEXT, "how the person stands in it"),
                responded=(Kind.FLAG, "whether that is a response; else where there is a day of one"),
                day=(Kind.DAY, "day of the first response"),
            ),
            ("person", "campaign"),
            "campaign_member",
            also=MappingProxyType({"campaign": "campaign"}),
        ),
        "conversation": Target(
            _fields(
                person=(Kind.PERSON, "who was spoken with"),
                day=(Kind.DAY, "on which day"),
                kind=_word("how; else other", CONVERSATIONS),
                owner=(Kind.KEY, "who of the company spoke"),
            ),
            ("person", "day"),
            "conversation",
        ),
        "answer": Target(
            _fields(
                person=(Kind.PERSON, "who answered"),
                at=(Kind.MOMENT, "when"),
                score=(Kind.WHOLE, "0 to 10"),
                comment=_personal(Kind.TEXT, "what the person wrote"),
                company=(Kind.TEXT, "employer that the answer names"),
            ),
            ("person", "at", "score"),
            "nps_response",
        ),
        "consent": Target(
            _fields(
                person=(Kind.PERSON, "who said it"),
                email=_personal(Kind.EMAIL, "address that it is about"),
                purpose=_word("what for", CONSENT_PURPOSES),
                status=_word("what was said", CONSENT_STATUSES),
                at=(Kind.MOMENT, "when"),
            ),
            ("person", "email", "purpose", "status"),
            "consent",
            each=False,
        ),
    }
)
"""Each thing that a row of a mapped source may be."""
