"""The sample company's systems, as servers that hold what its exports hold, and have trouble now and then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from include.contracts.connections import VARIABLE
from include.contracts.settings import SHIPPED
from include.samples.servers.account_engagement import UNIT, AccountEngagementServer
from include.samples.servers.oauth import Tokens
from include.samples.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server
from include.samples.servers.salesforce import SalesforceServer
from include.samples.servers.trouble import Trouble
from include.samples.servers.typeform import FORM, KEY, TypeformServer

SHARE = 0.05  # of the requests that go wrong

Servers = tuple[SalesforceServer, AccountEngagementServer, TypeformServer, S3Server]


@contextmanager
def company(exports: Path, config: Path, *, seed: int = 7, share: float = SHARE) -> Iterator[Mapping[str, str]]:
    """Serve the systems of a folder of exports while the block runs, with ``share`` of the requests going wrong.

    Writes ``sources.yaml`` into ``config``, which says how they are asked, and yields the variables that hold the
    connections. The same ``seed`` brings the same trouble in the order of requests.
    """
    with ExitStack() as stack:
        trouble = [Trouble(share, seed + number) for number in range(4)]
        servers: Servers = (
            stack.enter_context(SalesforceServer.of_exports(exports, trouble[0])),
            stack.enter_context(AccountEngagementServer.of_exports(exports, trouble[1])),
            stack.enter_context(TypeformServer.of_exports(exports, trouble[2])),
            stack.enter_context(S3Server(exports, trouble[3])),
        )
        servers[0].page_rows = servers[1].page_rows = 5_000  # so that there are several
        config.mkdir(parents=True, exist_ok=True)
        (config / "sources.yaml").write_text(yaml.safe_dump({"sources": _sources()}, sort_keys=False), "utf-8")
        yield {f"{VARIABLE}{name.upper()}": json.dumps(held) for name, held in _connections(*servers).items()}


def _sources() -> dict[str, Any]:
    """The shipped sources, each asked at its server in the place of its files."""
    sources: dict[str, Any] = yaml.safe_load((SHIPPED / "sources.yaml").read_text("utf-8"))["sources"]
    ways: Mapping[str, dict[str, Any]] = {
        "crm": {"live": {"connection": "simulated_crm"}},
        "email": {"live": {
            "connection": "simulated_email",
            # what the company joins on from its mail log, which the vendor's own API does not tell
            "columns": {"visitor_activity": {"user_agent": "userAgent", "ip": "ipAddress"}},
        }},
        "usage": {"stored": {"url": f"s3://{BUCKET}/usage", "connection": "simulated_archive"}},
        "nps": {
            "kind": "typeform", "objects": ["response"],
            "live": {"connection": "simulated_nps", "options": {"form": FORM}},
        },
    }  # fmt: skip
    return {
        name: {key: value for key, value in source.items() if key != "path"} | ways[name]
        for name, source in sources.items()
    }


def _connections(
    crm: SalesforceServer, email: AccountEngagementServer, nps: TypeformServer, archive: S3Server
) -> dict[str, dict[str, Any]]:
    client = {"conn_type": "http", "login": Tokens.client, "password": Tokens.secret}
    return {
        "simulated_crm": {**client, "host": crm.url},
        "simulated_email": {**client, "host": email.url, "extra": {"business_unit": UNIT, "token_url": email.url}},
        "simulated_nps": {"conn_type": "http", "host": nps.url, "password": KEY},
        "simulated_archive": {
            "conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY,
            "extra": {"endpoint_url": archive.url, "region_name": "eu-west-1"},
        },
    }  # fmt: skip
