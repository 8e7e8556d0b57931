"""What a spec's columns become, and what is learned of a table before its values are cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from include.matching.levels import Kind
from include.matching.records import cleaning
from include.matching.records.cleaned_columns import Hints
from include.matching.spec import MatchingSpec


@dataclass(frozen=True)
class Plan:
    """What a spec's columns become: addresses, names, and the fields beside them."""

    spec: MatchingSpec
    hints: Hints = field(default_factory=Hints)
    whole: Mapping[str, bool] | None = None

    @property
    def fields(self) -> list[tuple[str, Kind]]:
        """The columns that are neither names nor addresses, those of numbers as one."""
        phones = self.spec.of_kind(Kind.PHONE)[:1]
        kinds = self.spec.columns.items()
        return [(name, kind) for name, kind in kinds if kind in cleaning.CLEAN or name in phones]

    @property
    def has_names(self) -> bool:
        """Whether some column holds names."""
        return any(self.spec.of_kind(k) for k in (Kind.FIRST_NAME, Kind.LAST_NAME, Kind.FULL_NAME))

    @property
    def companies(self) -> list[int]:
        """Which of the fields hold companies."""
        return [k for k, (_, kind) in enumerate(self.fields) if kind is Kind.ORGANIZATION]

    @property
    def address(self) -> str | None:
        """The column of addresses."""
        return next(iter(self.spec.of_kind(Kind.EMAIL)), None)
