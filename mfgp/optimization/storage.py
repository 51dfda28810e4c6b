"""Storage: campaigns in a database, by SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mfgp.errors import DataError, DataTypeError, DependencyError
from mfgp.optimization.points import Points
from mfgp.optimization.trial import Trial, Trials

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Table

BUSY_SECONDS = 60.0  # how long one process waits for another's transaction
AS_JSON = ("label", "value")


class Tables(NamedTuple):
    """The two tables of a database with campaigns."""

    metadata: MetaData
    campaigns: Table
    trials: Table


def sqlalchemy() -> Any:
    """The library, or a DependencyError that says how to install it."""
    try:
        import sqlalchemy
    except ImportError as error:
        raise DependencyError(
            "campaigns are stored by SQLAlchemy, which is not installed: pip install 'mfgp[optimization]'"
        ) from error
    return sqlalchemy


@lru_cache(maxsize=1)
def tables() -> Tables:
    """What is stored: a line a campaign, and a line a trial."""
    sql = sqlalchemy()
    metadata, column = sql.MetaData(), sql.Column
    campaigns = sql.Table(
        "mfgp_campaigns",
        metadata,
        column("id", sql.Integer, primary_key=True),
        column("name", sql.Text, nullable=False, unique=True),
        column("definition", sql.Text, nullable=False),
        column("pool", sql.LargeBinary),
        column("note", sql.Text),
    )
    texts = ("label", "value", "reason", "why", "incumbent", "asked_at", "told_at")
    numbers = ("noise", "mean", "lower", "upper", "gain", "chance", "incumbent_value")
    trials = sql.Table(
        "mfgp_trials",
        metadata,
        column("campaign", sql.Integer, sql.ForeignKey(campaigns.c.id), primary_key=True),
        column("number", sql.Integer, primary_key=True, autoincrement=False),
        column("ask", sql.Integer),
        column("state", sql.Text, nullable=False),
        column("point", sql.Text, nullable=False),
        column("task", sql.Text, nullable=False),
        column("cost", sql.Double, nullable=False),
        column("again", sql.Boolean, nullable=False),
        *(column(name, sql.Text) for name in texts),
        *(column(name, sql.Double) for name in numbers),
    )
    return Tables(metadata, campaigns, trials)


class Storage:
    """A campaign in a database.

    Parameters
    ----------
    where
        A file for SQLite, or a URL of SQLAlchemy, such as "postgresql+psycopg://user@host/database"; "sqlite://" is a
        database in memory, which ends with the process.
    name
        Of the campaign, as several may share a database.

    Raises
    ------
    DataTypeError
        `where` is neither.
    DataError
        The database cannot be opened.
    DependencyError
        SQLAlchemy is not installed.
    """

    def __init__(self, where: Any, name: str) -> None:
        self.engine, self.name = _engine(where), name
        sql = sqlalchemy()
        try:
            _create_tables(self.engine)
        except (sql.exc.DBAPIError, sqlite3.Error) as error:
            reason = getattr(error, "orig", error)
            raise DataError(
                f"the database {self.engine.url!r} cannot be opened ({reason}); give a path that can be written, "
                "or a URL such as 'postgresql+psycopg://user@host/database'"
            ) from error

    @classmethod
    def existing(cls, where: Any, name: str) -> Storage:
        """The same, where there is a database; no file is made.

        Raises
        ------
        DataTypeError, DataError, DependencyError
            As of the class, and if there is no file.
        """
        url = _url(where)
        is_file = url.get_backend_name() == "sqlite" and not _is_in_memory(url) and "uri" not in url.query
        if is_file and not os.path.exists(url.database):
            raise DataError(
                f"there is no file {url.database} to load a campaign from; give the path of one, or begin a campaign "
                "by mfgp.Campaign(...)"
            )
        return cls(where, name)

    def open(self) -> tuple[str, bytes | None] | None:
        """The campaign's definition and its pool, if there is one of this name."""
        with self.engine.connect() as connection:
            return self._found(connection)

    def definition(self) -> str:
        """The campaign's definition as it is at this moment."""
        sql, campaigns = sqlalchemy(), tables().campaigns
        with self.engine.connect() as connection:
            query = sql.select(campaigns.c.definition).where(campaigns.c.name == self.name)
            return str(connection.execute(query).scalar_one())

    def names(self) -> list[str]:
        """The campaigns that there are."""
        sql = sqlalchemy()
        with self.engine.connect() as connection:
            return list(connection.execute(sql.select(tables().campaigns.c.name).order_by("name")).scalars())

    def create(self, definition: str, pool: bytes | None) -> tuple[str, bytes | None]:
        """Store a campaign; where there is one of this name already, nothing changes, and its definition is given."""
        sql = sqlalchemy()
        try:
            with self._writing() as connection:
                found = self._found(connection)
                if found is None:
                    line = {"name": self.name, "definition": definition, "pool": pool}
                    connection.execute(sql.insert(tables().campaigns).values(**line))
                    found = definition, pool
                return found
        except sql.exc.IntegrityError:  # another process was quicker
            found = self.open()
            assert found is not None
            return found

    def trials(self) -> Trials:
        """All trials as they are at this moment."""
        with self.engine.connect() as connection:
            return self._trials(connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Exclude all other writers of this campaign; what is written in the block is stored all or not at all."""
        sql = sqlalchemy()
        campaigns = tables().campaigns
        with self._writing() as connection:
            query = sql.select(campaigns.c.id, campaigns.c.definition).where(campaigns.c.name == self.name)
            campaign, definition = connection.execute(query.with_for_update()).one()
            yield Transaction(connection, campaign, definition, self._trials(connection))

    def _writing(self) -> Any:
        return self.engine.execution_options(mfgp_writes=True).begin()

    def _found(self, connection: Connection) -> tuple[str, bytes | None] | None:
        sql, campaigns = sqlalchemy(), tables().campaigns
        query = sql.select(campaigns.c.definition, campaigns.c.pool).where(campaigns.c.name == self.name)
        line = connection.execute(query).one_or_none()
        return None if line is None else (line.definition, line.pool)

    def _trials(self, connection: Connection) -> Trials:
        sql, (_, campaigns, trials) = sqlalchemy(), tables()
        joined = campaigns.outerjoin(trials, trials.c.campaign == campaigns.c.id)
        query = sql.select(campaigns.c.note, *(column for column in trials.c if column.name != "campaign"))
        lines = connection.execute(
            query.select_from(joined).where(campaigns.c.name == self.name).order_by(trials.c.number)
        ).all()
        found = tuple(_trial(dict(line._mapping)) for line in lines if line.number is not None)
        return Trials(found, lines[0].note if lines else None)


class Transaction:
    """What may be written while all other writers wait.

    Parameters
    ----------
    connection
        Of the database.
    campaign
        Its number there.
    definition, trials
        As they are now.
    """

    def __init__(self, connection: Connection, campaign: int, definition: str, trials: Trials) -> None:
        self._connection, self._campaign = connection, campaign
        self.definition, self.trials = definition, trials

    def put(self, changed: Sequence[Trial]) -> None:
        """Store trials, new ones and others in the place of those of their numbers; any note is over."""
        if not changed:
            return
        sql, table = sqlalchemy(), tables().trials
        new = [_line(trial, self._campaign) for trial in changed if trial.number >= len(self.trials)]
        if new:
            self._connection.execute(sql.insert(table), new)
        for trial in changed:
            if trial.number < len(self.trials):
                place = sql.and_(table.c.campaign == self._campaign, table.c.number == trial.number)
                self._connection.execute(sql.update(table).where(place).values(**_line(trial, self._campaign)))
        self.note(None)

    def note(self, text: str | None) -> None:
        """Store why nothing is worth asking for."""
        self._set(note=text)

    def redefine(self, definition: str) -> None:
        """Store a changed definition; any note is over."""
        self._set(definition=definition, note=None)

    def _set(self, **values: str | None) -> None:
        sql, campaigns = sqlalchemy(), tables().campaigns
        self._connection.execute(sql.update(campaigns).where(campaigns.c.id == self._campaign).values(**values))


def _line(trial: Trial, campaign: int) -> dict[str, Any]:
    line = asdict(trial) | {"campaign": campaign, "point": Points.text(trial.point)}
    line |= {name: None if line[name] is None else json.dumps(line[name]) for name in AS_JSON}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in line.items()}


def _trial(line: dict[str, Any]) -> Trial:
    del line["note"]
    line |= {"point": Points.of_text(line["point"]), "again": bool(line["again"])}
    return Trial(**line | {name: None if line[name] is None else json.loads(line[name]) for name in AS_JSON})


def _url(where: Any) -> Any:
    sql = sqlalchemy()
    if isinstance(where, sql.URL):
        return where
    if isinstance(where, str | os.PathLike) and "://" not in os.fspath(where):
        return sql.URL.create("sqlite", database=str(os.fspath(where)))
    if not isinstance(where, str):
        raise DataTypeError(f"storage is a {type(where).__name__}, expected the path of a file, or a URL of SQLAlchemy")
    try:
        return sql.make_url(where)
    except sql.exc.ArgumentError as error:
        raise DataError(f"storage={where!r} is no URL ({error}); write a file, or dialect://host/database") from error


def _is_in_memory(url: Any) -> bool:
    return url.database in (None, "", ":memory:")


def _engine(where: Any) -> Engine:
    sql, url = sqlalchemy(), _url(where)
    if url.get_backend_name() != "sqlite":
        return _usable(url)
    in_memory = _is_in_memory(url)
    options = {"poolclass": sql.pool.StaticPool} if in_memory else {}
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": not in_memory}
    engine = _usable(url, connect_args=arguments, **options)
    sql.event.listen(engine, "connect", _leave_transactions_alone)
    sql.event.listen(engine, "begin", _begin)
    return engine


def _usable(url: Any, **options: Any) -> Engine:
    sql = sqlalchemy()
    try:
        return sql.create_engine(url, **options)
    except (sql.exc.NoSuchModuleError, ImportError) as error:
        raise DependencyError(
            f"the database {url!r} needs a driver that is not installed ({error}): for PostgreSQL pip install "
            "'mfgp[postgresql]' and write 'postgresql+psycopg://...'"
        ) from error


def _leave_transactions_alone(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # Python's driver would begin a transaction at the first change only


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mfgp_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_tables(engine: Engine) -> None:
    """Make the tables unless they are there; two processes may do so at once."""
    sql, metadata = sqlalchemy(), tables().metadata
    if engine.dialect.name == "sqlite":
        _keep_a_log(engine)
    for last in (False, True):
        try:
            with engine.execution_options(mfgp_writes=True).begin() as connection:
                metadata.create_all(connection)
            return
        except (sql.exc.ProgrammingError, sql.exc.IntegrityError):  # PostgreSQL, where another made them meanwhile
            if last:
                raise


def _keep_a_log(engine: Engine) -> None:
    """Let readers go on while one process writes. SQLite does not wait by itself where another does this just now."""
    deadline = time.monotonic() + BUSY_SECONDS
    connection = engine.raw_connection()
    try:
        while connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
            try:
                connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if time.monotonic() > deadline or "locked" not in str(error):
                    raise
                time.sleep(0.01)
    finally:
        connection.close()
