"""The contracts of an account: from when to when each runs, and when it renews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from include.contracts.metrics import CONTRACT_RENEWAL
from include.contracts.staged import CONTRACT
from include.storage.readers import LakeReader


@dataclass(frozen=True, slots=True)
class Span:
    """A contract: its first and last day as the CRM has them (no last day where it has none), and how it stands.

    ``renewal_date``: the day that decides; ``annual_value`` in the company's currency.
    """

    contract_id: str
    number: str | None
    contract_type: str
    state: str
    start_date: date | None
    end_date: date | None
    renewal_date: date | None
    annual_value: float | None
    is_at_risk: bool | None


def contracts_of(reader: LakeReader, account_id: str) -> Sequence[Span]:
    """Return an account's contracts, the latest to begin first."""
    renewals, staged = reader.table(CONTRACT_RENEWAL), reader.input(CONTRACT)
    mine = renewals.filter(renewals.account_id == account_id)
    said = staged.select("contract_id", "number", "start_date", "end_date")
    rows = mine.left_join(said, "contract_id").select(*Span.__slots__).to_pyarrow().to_pylist()
    spans = [Span(**row) for row in rows]
    return sorted(spans, key=lambda span: (span.start_date or date.min, span.contract_id), reverse=True)
