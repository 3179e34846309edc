"""What a URL of MongoDB says holds; our defaults are for what it leaves out."""

from typing import Any

import pytest
from pymongo import MongoClient

from nsadmin.stores.mongo import connection, url_options

HOST = "mongodb://127.0.0.1:9/db"


def options_of(url: str) -> Any:
    """Return the options of the driver's client, which does not connect."""
    made: MongoClient[Any]
    with MongoClient(url, connect=False, **url_options.client_options(url)) as made:
        return made.options


def test_our_defaults_are_for_a_url_that_is_silent() -> None:
    options = options_of(HOST)
    assert options.retry_writes is True
    assert options.server_selection_timeout == 0.8
    assert options.pool_options.connect_timeout == 0.8
    assert options.pool_options.socket_timeout == 10
    assert options.pool_options.appname == "nsadmin"


@pytest.mark.parametrize("separator", ["&", ";"])
def test_the_url_wins_over_each_of_them(separator: str) -> None:
    given = (
        *("retryWrites=false", "serverselectiontimeoutms=5000", "appName=ours"),
        *("connectTimeoutMS=3000", "socketTimeoutMS=60000"),
    )
    options = options_of(f"{HOST}?{separator.join(given)}")
    assert options.retry_writes is False
    assert options.server_selection_timeout == 5
    assert options.pool_options.connect_timeout == 3
    assert options.pool_options.socket_timeout == 60
    assert options.pool_options.appname == "ours"


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("", {"w": "majority", "j": True}),
        ("?w=majority&wtimeoutMS=3000", {"w": "majority", "wtimeout": 3000, "j": True}),
        ("?w=2", {"w": 2}),
        ("?journal=false", {"w": "majority", "j": False}),
    ],
)
def test_writes_are_confirmed_by_the_majority_unless_the_url_says(
    settings: Any, query: str, document: dict[str, Any]
) -> None:
    settings.NSADMIN_MONGODB_URL = HOST + query
    found = connection.database()
    assert found.write_concern.document == document
    connection.close()


def test_reads_go_to_the_primary_whatever_the_url_says(settings: Any) -> None:
    settings.NSADMIN_MONGODB_URL = f"{HOST}?readPreference=secondaryPreferred"
    assert connection.database().read_preference.name == "Primary"
    connection.close()


def test_the_database_is_that_of_the_path(settings: Any) -> None:
    for path, name in (("/platform", "platform"), ("", "nsadmin"), ("/", "nsadmin")):
        settings.NSADMIN_MONGODB_URL = f"mongodb://127.0.0.1:9{path}"
        assert connection.database().name == name
    connection.close()


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (HOST, ""),
        (f"{HOST}?w=1&unknownOption=1", ""),
        ("mongodb+srv://user:secret@cluster.example.net/db", ""),
        (f"{HOST}?w=0", "w=0"),
        ("mongodb+srv://cluster.example.net/db?w=0", "w=0"),
        ("mongodb://user:p@ss/word@host/db", "percent-encoded"),
        ("mongodb://host:port/db", "percent-encoded"),
        ("mongodb://", "percent-encoded"),
        ("http://host/db", "percent-encoded"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(
    url: str, word: str
) -> None:
    fault = url_options.fault_of(url)
    assert bool(fault) == bool(word)
    assert word in fault
    assert "ss/word" not in fault
