"""The warehouse: the PostgreSQL that people and tools read.

Three kinds of schemas: ``kindred`` holds views and is all that readers use; each ``build_<version>`` holds the
tables of one version; ``control`` holds what outlives versions (run ledger, quarantine, audits, publications).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from include.contracts.errors import ConfigurationError, RetryableError
from include.contracts.settings import Settings
from include.storage.postgres import embedded

DRIVER = "postgresql+psycopg"
CONNECTION_VARIABLE = "AIRFLOW_CONN_WAREHOUSE"
READERS = "kindred"
POSTGRES_SCHEMES = ("postgres", "postgresql")


class Warehouse:
    """A connection to the warehouse; ``engine`` is its SQLAlchemy engine."""

    def __init__(self, url: str | URL) -> None:
        options = {"application_name": "kindred"}
        self.engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=options)

    @property
    def place(self) -> str:
        """Where it is, without the password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction; raises RetryableError when the server cannot be reached."""
        with self._connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """Open a connection whose statements are each a transaction of their own, without asking the server for it.

        Raises RetryableError when the server cannot be reached.
        """
        with self._connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def holding(self, kind: int, name: str) -> Iterator[None]:
        """Hold a shared advisory lock for the block; it goes with the connection, so no process outlives it.

        Raises RetryableError when the server cannot be reached.
        """
        connection = self._connect().execution_options(isolation_level="AUTOCOMMIT")
        key = (kind, sa.func.hashtext(name))
        try:
            connection.execute(sa.select(sa.func.pg_advisory_lock_shared(*key)))
            yield
        finally:
            _give_back(connection, sa.func.pg_advisory_unlock_shared(*key))

    @contextmanager
    def holding_alone(self, kind: int, name: str) -> Iterator[bool]:
        """Hold an advisory lock that nobody shares, if it is free; yields whether it was.

        Raises RetryableError when the server cannot be reached.
        """
        connection = self._connect().execution_options(isolation_level="AUTOCOMMIT")
        key = (kind, sa.func.hashtext(name))
        try:
            yield bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(*key))).scalar())
        finally:
            _give_back(connection, sa.func.pg_advisory_unlock(*key))

    def _connect(self) -> sa.Connection:
        try:
            return self.engine.connect()
        except OperationalError as error:
            place = self.engine.url.set(password=None).render_as_string()
            raise RetryableError(f"The warehouse at {place} {_refusal(error)}") from None

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _give_back(connection: sa.Connection, unlock: sa.ColumnElement[bool]) -> None:
    """Give a lock back and end its connection; a server that has gone away has done both.

    The server notices a closed connection only after a while; a lock given back is gone at once.
    """
    try:
        connection.execute(sa.select(unlock))
        connection.detach()
    except DBAPIError:
        connection.invalidate()
    connection.close()


def _refusal(error: OperationalError) -> str:
    """Tell a server that answers but takes no connection, as it has none free, from one that is not there."""
    _, answered, reason = str(error.orig).partition("FATAL:")
    if not answered:
        return "does not answer; see that it runs and that the connection is right."
    return f"takes no connection ({reason.strip().splitlines()[0]}); see to that, or try again later."


def warehouse_url(settings: Settings, environment: Mapping[str, str]) -> URL:
    """Return where the warehouse is: the setting, else Airflow's connection, else the embedded server, started."""
    if settings.warehouse_url:
        return _from_uri(settings.warehouse_url, "KINDRED_WAREHOUSE_URL")
    connection = environment.get(CONNECTION_VARIABLE, "").strip()
    if connection.startswith("{"):
        return _from_json(connection)
    if connection:
        return _from_uri(connection, CONNECTION_VARIABLE)
    return make_url(embedded.start(settings.home, keep=False))


def is_embedded(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Tell whether no warehouse is named, so that the embedded server is used."""
    return not (settings.warehouse_url or environment.get(CONNECTION_VARIABLE, "").strip())


def _from_uri(uri: str, variable: str) -> URL:
    try:
        url = make_url(uri)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigurationError(f"{variable} is no URL; write {DRIVER}://user:password@host:5432/database.") from None
    return _postgres(url, url.drivername.split("+")[0], variable)


def _from_json(text: str) -> URL:
    """Read Airflow's JSON form of a connection; ``extra`` becomes the URL's query."""
    try:
        given = json.loads(text)
        extra = given.get("extra") or {}
        extra = json.loads(extra) if isinstance(extra, str) else extra
        query = {key: str(value) for key, value in extra.items() if key.startswith("ssl") or key == "options"}
        host = given.get("host")
        url = URL.create(
            DRIVER, given.get("login"), given.get("password"), host and unquote(host), given.get("port"),
            given.get("schema") or given.get("database"), query,
        )  # fmt: skip
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(f"{CONNECTION_VARIABLE} is neither a URL nor Airflow's JSON form.") from None
    return _postgres(url, str(given.get("conn_type")), CONNECTION_VARIABLE)


def _postgres(url: URL, scheme: str, variable: str) -> URL:
    if scheme not in POSTGRES_SCHEMES:
        raise ConfigurationError(f"{variable} names {scheme!r}; the warehouse is a PostgreSQL database.")
    return url.set(drivername=DRIVER)
