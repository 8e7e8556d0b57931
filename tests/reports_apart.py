"""Reports computed apart, in plain pandas, from staged rows and from who people are in truth; tests compare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from include.reports.data import Data

ENGAGING = ("click", "reply", "form", "chat", "response", "login", "core_action")
DAY = pd.Timedelta(days=1)
Alerts = dict[tuple[str, str, date], set[str]]


@dataclass
class Apart:
    """The sample's staged rows as frames, and of each record its person."""

    data: Data

    def __post_init__(self) -> None:
        self.as_of = pd.Timestamp(self.data.as_of)
        self.person = self.frame(self.data.inputs.crosswalk).set_index("record_id")["profile_id"]
        self.home = self.frame(self.data.inputs.profile).set_index("profile_id")["account_id"]
        link = self.frame(self.data.inputs.account_link)
        self.account_of = link.set_index("source_account_id")["account_id"]

    def frame(self, rows: Any) -> pd.DataFrame:
        return self.data.engine.ibis.to_pyarrow(rows).to_pandas()

    def day(self, at: pd.Series) -> pd.Series:
        return pd.to_datetime(at, utc=True).dt.tz_convert(self.data.inputs.zone).dt.tz_localize(None).dt.normalize()

    def mails(self) -> pd.DataFrame:
        """Mails, opens and clicks up to the day, with person and day."""
        rows = self.frame(self.data.inputs.email_activity)
        rows = rows.assign(person=rows["record_id"].map(self.person), day=self.day(rows["at"]))
        return rows[rows["day"] <= self.as_of]

    def signs(self) -> pd.DataFrame:
        """What people did: person, account, sign, day, evidence."""
        mails = self.mails()
        kinds = ("open", "click", "unsubscribe", "reply", "form")
        mails = mails[(mails["actor"] == "human") & mails["kind"].isin(kinds)]
        members = self.frame(self.data.inputs.campaign_member)
        members = members[members["has_responded"]]
        talks = self.frame(self.data.inputs.conversation)
        talks = talks[talks["kind"] == "chat"]
        use = self.frame(self.data.inputs.usage_event).dropna(subset=["record_id"])
        use = use.assign(sign=np.where(use["is_core"], "core_action", "login"), day=self.day(use["at"]))
        use = use.groupby(["record_id", "sign", "day"], as_index=False)["event_id"].min()
        columns = ["record_id", "sign", "day", "evidence"]
        parts = [
            mails.rename(columns={"kind": "sign", "activity_id": "evidence"})[columns],
            members.assign(sign="response", day=pd.to_datetime(members["first_responded_on"]),
                           evidence=members["member_id"])[columns],
            talks.assign(sign="chat", day=pd.to_datetime(talks["on_date"]), evidence=talks["conversation_id"])[columns],
            use.rename(columns={"event_id": "evidence"})[columns],
        ]  # fmt: skip
        rows = pd.concat(parts)
        rows = rows[rows["day"] <= self.as_of].assign(person=rows["record_id"].map(self.person))
        rows = rows.dropna(subset=["person"])
        return rows.assign(account=rows["person"].map(self.home))

    def months_of_mail(self) -> dict[tuple[date, str], tuple[float, ...]]:
        """Of each month and kind: sent, raw, by people, by machines, by nobody knows whom, both rates."""
        rows = self.mails().dropna(subset=["person"])
        rows = rows.assign(month=rows["day"].dt.to_period("M"))
        sent = rows[rows["kind"] == "sent"].groupby("month").size()
        found = {}
        for month, count in sent.items():
            for kind in ("open", "click"):
                seen = rows[(rows["month"] == month) & (rows["kind"] == kind)]
                by = [int((seen["actor"] == actor).sum()) for actor in ("human", "machine", "unknown")]
                mails = [len(part[["mailing", "record_id"]].drop_duplicates())
                         for part in (seen, seen[seen["actor"] == "human"])]  # fmt: skip
                rates = (mails[0] / count, mails[1] / count)
                found[month.start_time.date(), kind] = (int(count), len(seen), *by, *rates)
        return found

    def evidence(self) -> dict[str, tuple[int, int, int]]:
        """Of each sign of 90 days: events, people, and those of whom it is the only one."""
        rows = self.signs()
        rows = rows[rows["day"] > pd.Timestamp(self.data.inputs.email_through) - 90 * DAY]
        kinds = rows.groupby("person")["sign"].nunique()
        lone = rows[rows["person"].map(kinds) == 1]
        return {
            sign: (len(part), part["person"].nunique(), int(lone.loc[lone["sign"] == sign, "person"].nunique()))
            for sign, part in rows.groupby("sign")
        }

    def duplicated(self) -> dict[str, tuple[float, float]]:
        """Each figure over records and over people."""
        records = self.frame(self.data.tables["staged/person_record"])
        made = self.day(records["created_at"])
        records = records[~records["is_deleted"] & ~(made > self.as_of)]
        records = records.assign(person=records["record_id"].map(self.person))
        kinds = {
            "leads": records[(records["part"] == "crm") & (records["object"] == "lead")],
            "contacts": records[(records["part"] == "crm") & (records["object"] != "lead")],
            "prospects": records[records["part"] == "mail"],
        }
        found: dict[str, tuple[float, float]] = {n: (len(r), r["person"].nunique()) for n, r in kinds.items()}
        steps = self.frame(self.data.tables["staged/lead_step"])
        steps = steps[steps["record_id"].isin(records["record_id"]) & (pd.to_datetime(steps["on_date"]) <= self.as_of)]
        steps = steps.assign(person=steps["record_id"].map(self.person))
        mql, turned = steps[steps["step"] == "mql"], steps[steps["step"] == "converted"]
        found["mqls"] = (mql["record_id"].nunique(), mql["person"].nunique())
        turned = turned[turned["record_id"].isin(kinds["leads"]["record_id"])]
        found["conversion"] = (
            turned["record_id"].nunique() / found["leads"][0], turned["person"].nunique() / found["leads"][1],
        )  # fmt: skip
        mails = self.mails()
        mails = mails[mails["day"] > pd.Timestamp(self.data.inputs.email_through) - 90 * DAY]
        sent, opened = mails[mails["kind"] == "sent"], mails[mails["kind"] == "open"]
        pairs = [len(part[["mailing", "record_id"]].drop_duplicates())
                 for part in (opened, opened[opened["actor"] == "human"])]  # fmt: skip
        found["open_rate"] = (pairs[0] / len(sent), pairs[1] / len(sent))
        found["mails_per_addressee"] = (len(sent) / sent["record_id"].nunique(), len(sent) / sent["person"].nunique())
        deals = self.frame(self.data.inputs.opportunity)
        won = deals[deals["is_won"] & (pd.to_datetime(deals["close_date"]) <= self.as_of) & deals["currency"].isna()]
        revenue = won["amount"].sum()
        found["revenue_per_contact"] = (revenue / found["contacts"][0], revenue / found["contacts"][1])
        return found | self._answered()

    def _answered(self) -> dict[str, tuple[float, float]]:
        answers = self.frame(self.data.inputs.nps_response)
        answers = answers.assign(person=answers["record_id"].map(self.person), day=self.day(answers["at"]))
        window = self.data.inputs.thresholds.nps.window_days
        answers = answers[(answers["day"] <= self.as_of) & (answers["day"] > self.as_of - window * DAY)]
        latest = answers.sort_values(["at", "response_id"]).groupby("person")["score"].last()
        nps = [100 * float((s >= 9).mean() - (s <= 6).mean()) for s in (answers["score"], latest)]
        return {"nps": (nps[0], nps[1]), "nps_answers": (len(answers), len(latest))}

    def targets(self) -> tuple[pd.DataFrame, pd.Series]:
        """The measured accounts, and which of them fit and are interested by the shipped conditions."""
        accounts = self.frame(self.data.accounts).set_index("account_id")
        people = self.frame(self.data.customers)
        keen = people[
            (people["email_clicks"] > 0) | (people["campaign_responses"] > 0) | (people["usage_active_days_28"] > 0)
        ]
        interested = (accounts["opportunities_open"] > 0) | accounts.index.isin(keen["account_id"])
        return accounts, (accounts["employees"] >= 20) & interested

    def stages(self, spans: pd.DataFrame) -> dict[str, tuple[str, str]]:
        """The stage and the pillar of each account, tried from the top down."""
        accounts, is_target = self.targets()
        deals = self.frame(self.data.inputs.opportunity).dropna(subset=["account_id"])
        closed = deals["is_closed"] & ~(pd.to_datetime(deals["close_date"]) > self.as_of)
        deals = deals[~closed & ~(self.day(deals["created_at"]) > self.as_of)]
        deals = deals.assign(account=deals["account_id"].map(self.account_of).fillna(deals["account_id"]))
        late = set(deals[deals["stage"].str.lower().isin(self.data.settings.account_stages.pipeline_stages)]["account"])
        live = spans[(pd.to_datetime(spans["begins_on"]) <= self.as_of)
                     & ~(pd.to_datetime(spans["until"]) < self.as_of)]  # fmt: skip
        customers, opened = set(live["account_id"]), set(deals["account"])
        signs = self.signs()
        signs = signs[signs["sign"].isin(ENGAGING) & (signs["day"] > self.as_of - 90 * DAY)]
        busy = signs.groupby("account")["person"].nunique()
        engaged = set(busy[busy >= 2].index)
        found = {}
        for account, row in accounts.iterrows():
            target = bool(is_target[account])
            stage = (
                "retention_expansion" if account in customers & opened else "customer" if account in customers
                else "pipeline" if account in late else "opportunity" if account in opened
                else "engaged" if target and account in engaged else "target" if target else "untargeted"
            )  # fmt: skip
            due = row["is_at_risk"] is True or row["renewal_days"] <= 120
            pillar = ("retention" if due else "expansion") if account in customers else {
                "pipeline": "pipeline_acceleration", "untargeted": "none"
            }.get(stage, "new_business")  # fmt: skip
            found[str(account)] = (stage, pillar)
        return found

    def alerts(self, spans: pd.DataFrame) -> Alerts:
        """Who is concerned by each alert, by account, reason and window."""
        settings = self.data.settings.sales_alerts
        _, is_target = self.targets()
        targets = set(is_target[is_target].index)
        signs = self.signs().dropna(subset=["account"])
        signs = signs[signs["sign"].isin(ENGAGING)]
        weekly = signs.assign(week=signs["day"] - signs["day"].dt.weekday * DAY)
        found: Alerts = {}
        raised = weekly[weekly["sign"].isin(("form", "chat"))]
        for row in raised.itertuples():
            self._tell(found, row.account, "hand_raise", row.day, row.person)
        lately = weekly[weekly["week"] + 6 * DAY > self.as_of - settings.days * DAY]
        for (account, week), part in lately.groupby(["account", "week"]):
            own = weekly[weekly["account"] == account]
            before = [own[own["week"] == week - n * 7 * DAY]["person"].nunique() for n in range(1, 9)]
            people = part["person"].nunique()
            if account in targets and people >= settings.surge_people and people >= 2 * np.median(before):
                for person in part["person"]:
                    self._tell(found, account, "surge", week, person)
        profiles = self.frame(self.data.inputs.profile)
        for row in profiles.dropna(subset=["first_seen_at"]).itertuples():
            seen = pd.Timestamp(row.first_seen_at).tz_convert(None).normalize()
            if row.account_id in targets and seen <= self.as_of:
                self._tell(found, row.account_id, "new_person", seen, row.profile_id)
        self._quiet(found, spans)
        return found

    def _tell(self, found: Alerts, account: str, reason: str, day: pd.Timestamp, person: str) -> None:
        week = day - day.weekday() * DAY
        if week + 6 * DAY > self.as_of - self.data.settings.sales_alerts.days * DAY:
            found.setdefault((account, reason, week.date()), set()).add(person)

    def _quiet(self, found: Alerts, spans: pd.DataFrame) -> None:
        live = spans[(pd.to_datetime(spans["begins_on"]) <= self.as_of)
                     & ~(pd.to_datetime(spans["until"]) < self.as_of)]  # fmt: skip
        people = self.frame(self.data.customers).dropna(subset=["buying_role"])
        people = people[people["account_id"].isin(live["account_id"])]
        last = self.signs()
        last = last[last["sign"].isin(ENGAGING)].groupby("person")["day"].max()
        for row in people.itertuples():
            quiet = last.get(row.profile_id, pd.NaT) + self.data.settings.sales_alerts.quiet_days * DAY
            if quiet <= self.as_of:
                self._tell(found, row.account_id, "champion_quiet", quiet, row.profile_id)

    def value(self, states: pd.DataFrame, last: date, horizon: int) -> pd.DataFrame:
        """Of each account what it has paid up to a month, and what is to expect of it after, before margin."""
        states = states.assign(month=pd.to_datetime(states["month"])).sort_values(["account_id", "month"])
        months = pd.period_range(states["month"].min(), last, freq="M")
        paid: dict[str, pd.Series] = {}
        for account, part in states.groupby("account_id"):
            worth = part.assign(value=part["value"].where(part["live"] > 0))
            by_month = worth.set_index(worth["month"].dt.to_period("M"))["value"]
            paid[str(account)] = by_month.reindex(months, method="ffill")
        begun = {account: series.first_valid_index() for account, series in paid.items()}
        paid = {account: series for account, series in paid.items() if begun[account] is not None}
        gone = {account: next((m for m in series.index[series.index > begun[account]]
                               if pd.isna(series[m])), None) for account, series in paid.items()}  # fmt: skip
        ages = pd.DataFrame({
            "age": [((gone[a] or months[-1]) - begun[a]).n for a in paid], "ended": [gone[a] is not None for a in paid],
        })  # fmt: skip
        curve, least = [1.0], self.data.settings.lifetime_value.least_at_risk
        at_risk = [int((ages["age"] >= age).sum()) for age in range(int(ages["age"].max()) + 1)]
        ended = [int((ages["ended"] & (ages["age"] == age)).sum()) for age in range(len(at_risk))]
        risk = sum(ended[1:]) / sum(at_risk[1:])
        for age in range(1200):
            seen = age < len(at_risk) and at_risk[age] >= least
            curve.append(curve[-1] * (1 - (ended[age] / at_risk[age] if seen else risk)))
        survival = np.array(curve[1:])
        rows = []
        for account, series in paid.items():
            age, now = (months[-1] - begun[account]).n, series.iloc[-1]
            ahead = 0.0 if pd.isna(now) else now / 12 * survival[age + 1 : age + 1 + horizon].sum() / survival[age]
            rows.append((account, series.sum() / 12, ahead, not pd.isna(now)))
        return pd.DataFrame(rows, columns=["account", "paid", "expected", "is_live"]).set_index("account")
