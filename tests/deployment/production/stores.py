"""Stores of an installation: PostgreSQL, and embedded servers for the others."""

import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from django.test import override_settings

from nsadmin.stores.mongo.connection import close
from tests import postgres
from tests.deployment import tools
from tests.embedded_servers import running_mongodb, running_qdrant, running_redis

HOST = "console.example"


@contextmanager
def running_stores(folder: Path) -> Iterator[dict[str, str]]:
    """Start the stores below a folder; the settings that name them.

    Needs Debian's PostgreSQL (`tools.needs_postgresql`).
    """
    tools.needs_postgresql()
    with ExitStack() as stack:
        sql = stack.enter_context(postgres.running_postgresql())
        server = sql.url.replace("/nsadmin", "/postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE nsadmin")
        urls = {}
        for name, start in (
            ("mongodb", running_mongodb),
            ("redis", running_redis),
            ("qdrant", running_qdrant),
        ):
            (folder / name).mkdir()
            urls[name] = stack.enter_context(start(folder / name)).url
        yield {
            "DATABASE_URL": sql.url,
            "NSADMIN_MONGODB_URL": f"{urls['mongodb'].rstrip('/')}/nsadmin",
            "NSADMIN_REDIS_URL": urls["redis"],
            "NSADMIN_QDRANT_URL": urls["qdrant"],
        }


def settings(stores: Mapping[str, str]) -> dict[str, str]:
    """What README's table needs, for these stores behind one proxy."""
    return {
        "NSADMIN_SECRET_KEY": secrets.token_urlsafe(60),
        "NSADMIN_KEY_PEPPER": secrets.token_urlsafe(40),
        "NSADMIN_SEAL_KEYS": f"k1:{b64encode(secrets.token_bytes(32)).decode()}",
        "NSADMIN_ALLOWED_HOSTS": HOST,
        "NSADMIN_PROXY_COUNT": "1",
        **stores,
    }


@contextmanager
def used_here(stores: Mapping[str, str]) -> Iterator[None]:
    """Have this process read and write these stores, as the platform does."""
    with override_settings(
        NSADMIN_MONGODB_URL=stores["NSADMIN_MONGODB_URL"],
        NSADMIN_QDRANT_URL=stores["NSADMIN_QDRANT_URL"],
        NSADMIN_QDRANT_API_KEY="",
    ):
        try:
            yield
        finally:
            close()
