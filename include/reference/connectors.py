"""docs/connectors.md, from the registry of live systems: `python -m include.reference` writes it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from include.contracts.exports import SYSTEMS
from include.contracts.settings import ROOT
from include.remote.budget import Allowance
from include.sources.live.registry import LIVE, PROTOCOLS
from include.sources.live.system import LiveKind

PLACE = ROOT / "docs" / "connectors.md"
INTRODUCTION = """# Systems that are asked live

<!-- Written by `python -m include.reference` from the registry; edit that. -->

A source of `sources.yaml` is read from files (`path`), or asked over its own protocol (`live`). Nothing behind
extraction knows the difference: a live system answers in the format of its export, and its rows lie in the lake as
received, with the question and the line that they came with.

```yaml
sources:
  crm:
    kind: salesforce_export
    live:
      connection: salesforce      # an Airflow connection
      daily_requests: 20000       # of the org's, that Kindred may take
      columns:                    # declared columns that the company calls otherwise
        lead: {MQL_Date__c: Became_MQL__c}
    schedule: "15 1 * * *"
    owner: revenue-operations
    region: US
    timezone: UTC
    objects: [account, contact, lead]
```

`python -m include doctor` asks each of them, and tells a wrong credential from a missing permission from a host that
does not answer. `python -m include extract SOURCE` takes one in by itself.

**Credentials** are Airflow connections and nothing else; secrets backends work as they do for any DAG. The command
line reads the same `AIRFLOW_CONN_<NAME>` variables. No message or log holds a token, an address that was asked for,
or anything that was answered.

**What is asked for.** Everything at first; after that what has changed since the newest change that the lake holds,
less an overlap for what becomes visible late. That watermark is read from the version that readers see and stands
nowhere else, so an extraction that ends early moves nothing, and no clock but the system's own takes part in it. What
the overlap brings again in the same words is passed by. A window of the past (a backfill, or `extract SOURCE --since
… --until …`) is asked for as it stands; `--whole`, in Airflow the conf `{"whole": true}`, asks for everything anew,
in the place of all before.

**Whole, or not at all.** An answer is kept on this machine until its last page is there, then read as a file would
be. A page that breaks off, has fewer rows than it says, is no JSON, or takes too long is asked for again; where the
system has lost its place, or its job failed, everything is asked for anew. All objects of a source are taken, or
none.

**Pace.** `Retry-After` is kept; other pauses double. Requests are counted in the run ledger (`python -m include
runs`, stage `ask.<source>`), those of failed runs too, and `daily_requests` bounds them over all runs of a day (UTC).

**Fields that change.** A new field is told and passed by. One that staging reads, and that is gone or of another
kind, stops its object with a sentence that names it; the other objects are taken, and the run fails. Give it back, or
name its successor under `live.columns`.

**A product's own database** is asked by SQL, whatever the kind of the source: pages follow the column that tells of
changes with the key to break ties. Rows without a time in that column are not asked for; a mapped table without such a
column comes whole each time (docs/own-data.md).

```yaml
  usage:
    kind: segment_export
    live:
      connection: product_db                 # of type postgres, or any that SQLAlchemy can open here
      protocol: database
      options: {event: analytics.events}     # or "(SELECT ...)"
      columns: {event: {messageId: id, type: kind, userId: person_id, event: action, timestamp: made_at}}
```

**Files that lie elsewhere** are no protocol of a vendor's: any kind that is read from files may have them `stored` in
a bucket, or on a server by SFTP.

```yaml
  usage:
    kind: segment_export
    stored:
      url: s3://norvik-archive/segment       # or gs://, abfs://, sftp://, file://
      connection: archive                    # login and password: key and secret; extras endpoint_url, region_name
      files: {event: "segment-logs/*.gz"}    # where they are not called as docs/exports.md says
```

`gs://` needs the package gcsfs, and `abfs://` adlfs, which are not installed by themselves. Of a connection to the one
the extras `keyfile_dict` and `project` count, to the other login and password (account and key), or the extras
`connection_string`, `sas_token`, `tenant_id`, `client_id` and `client_secret`. That they are opened so is tested with a
stand-in. `gs://` was tried once over its protocol: gcsfs 2026.10.1 against gcp-storage-emulator 2026.7.19, at the extra
`endpoint_url` (that emulator speaks no gRPC: `GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT=false`), `abfs://` with adlfs 2026.8.0
against Azurite 3.35.0, at a `connection_string`: files taken in and written, wrong key, container and host. Neither
cloud itself was.

What a file is called, its size and its ETag (or its time of change) are its watermark: what is held is not fetched
again, what was written anew is. All come that are not held, however late; a day's file waits until its day is over.

`make run SOURCES=simulated` runs the whole pipeline against servers on this machine that speak these protocols and hold
the sample company; one request in twenty goes wrong, and what is published is what its exports publish.

**What is gone at the source** comes once more, marked: its profile loses that record, and ends with the last one. The
end of `run`, `runs --stages` and `explain` tell it: "12 records deleted at crm: 9 profiles lost a record, 3 ended." A
system that forgets a row without a word needs a `--whole` now and then; the gate on missing rows looks at what that
brings.
"""

TABLES = "those of the kind; `live.options` names the table of each, or a query in brackets, `live.columns` its columns"


def render() -> str:
    """The whole document."""
    kinds = [_section(name, LIVE[name], _objects(name)) for name in sorted(LIVE)]
    others = [_section(f"Any kind, `protocol: {name}`", kind, TABLES) for name, kind in PROTOCOLS.items()]
    return "\n".join([INTRODUCTION, *kinds, *others])


def _objects(name: str) -> str:
    return ", ".join(f"{file.object} (by `{file.changed}`)" for file in SYSTEMS[name].files)


def _section(name: str, kind: LiveKind, objects: str) -> str:
    rows = {
        "objects": objects,
        "asked by": kind.protocol,
        "connection": kind.credential,
        "overlap": _time(kind.overlap),
        "pace": _pace(kind.allowance),
        "`live.options`": "; ".join(f"`{option}`: {says}" for option, says in kind.options.items()) or "none",
    }
    table = "\n".join(f"| {what} | {says} |" for what, says in rows.items())
    return f"## {name}\n\n| | |\n|---|---|\n{table}\n"


def _time(overlap: timedelta) -> str:
    minutes = overlap / timedelta(minutes=1)
    return f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"


def _pace(allowance: Allowance) -> str:
    bounds = [f"{allowance.at_once} at once"]
    bounds += [f"{allowance.a_second:g} a second"] if allowance.a_second else []
    bounds += [f"{allowance.a_day:,} a day"] if allowance.a_day else []
    return ", ".join(bounds)


def write(place: Path = PLACE) -> None:
    """Write the page."""
    place.write_text(render(), encoding="utf-8")
