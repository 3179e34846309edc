"""Aliases: a second name that moves in one step."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from tests.contract.qdrant.conftest import NewName
from tests.contract.qdrant.steps import count, dense, points, refused

Create, Delete = models.CreateAliasOperation, models.DeleteAliasOperation


def create(alias: str, target: str) -> models.CreateAliasOperation:
    return Create(
        create_alias=models.CreateAlias(collection_name=target, alias_name=alias)
    )


def delete(alias: str) -> models.DeleteAliasOperation:
    return Delete(delete_alias=models.DeleteAlias(alias_name=alias))


@pytest.fixture
def pair(client: QdrantClient, new_name: NewName) -> tuple[str, str]:
    """Two collections, with one point and with two."""
    names = new_name(), new_name()
    for size, name in enumerate(names, start=1):
        client.create_collection(name, vectors_config=dense())
        client.upsert(name, points(range(size)))
    return names


@pytest.fixture
def alias(client: QdrantClient, pair: tuple[str, str]) -> Iterator[str]:
    """A name for an alias; it is deleted in the end."""
    name = f"{pair[0]}_alias"
    yield name
    client.update_collection_aliases([delete(name)])


def targets(client: QdrantClient, alias: str) -> list[str]:
    aliases = client.get_aliases().aliases
    return [a.collection_name for a in aliases if a.alias_name == alias]


def test_an_alias_leads_to_reads_and_writes(
    client: QdrantClient, pair: tuple[str, str], alias: str
) -> None:
    one, _ = pair
    assert client.update_collection_aliases([create(alias, one)])
    assert client.collection_exists(alias)
    assert count(client, alias) == 1
    client.upsert(alias, points([10, 11]))
    client.create_payload_index(alias, "k", models.PayloadSchemaType.KEYWORD)
    assert count(client, one) == 3
    assert "k" in client.get_collection(one).payload_schema
    [shown] = client.get_collection_aliases(one).aliases
    assert (shown.alias_name, shown.collection_name) == (alias, one)
    assert alias not in {c.name for c in client.get_collections().collections}


def test_a_switch_is_one_step(
    client: QdrantClient, pair: tuple[str, str], alias: str
) -> None:
    one, two = pair
    client.update_collection_aliases([create(alias, one)])
    client.update_collection_aliases([delete(alias), create(alias, two)])
    assert targets(client, alias) == [two]
    assert count(client, alias) == 2
    assert client.get_collection_aliases(one).aliases == []


def test_a_failing_list_of_changes(
    client: QdrantClient, pair: tuple[str, str], alias: str, new_name: NewName
) -> None:
    one, two = pair
    client.update_collection_aliases([create(alias, one)])
    missing = new_name()
    refused(
        404, lambda: client.update_collection_aliases([create(f"{alias}2", missing)])
    )
    refused(409, lambda: client.update_collection_aliases([create(two, one)]))
    assert targets(client, alias) == [one]


def test_a_refused_change_leaves_those_before_it(
    client: QdrantClient, pair: tuple[str, str], alias: str, new_name: NewName
) -> None:
    one, two = pair
    client.update_collection_aliases([create(alias, one)])
    changes = [create(alias, two), create(f"{alias}2", new_name())]
    refused(404, lambda: client.update_collection_aliases(changes))
    assert targets(client, alias) == [two]


def test_rename(client: QdrantClient, pair: tuple[str, str], alias: str) -> None:
    one, _ = pair
    old = f"{alias}_old"
    client.update_collection_aliases([create(old, one)])
    rename = models.RenameAlias(old_alias_name=old, new_alias_name=alias)
    operation = models.RenameAliasOperation(rename_alias=rename)
    client.update_collection_aliases([operation])
    assert (targets(client, old), targets(client, alias)) == ([], [one])
    refused(404, lambda: client.update_collection_aliases([operation]))


def test_a_collection_cannot_take_the_name_of_an_alias(
    client: QdrantClient, pair: tuple[str, str], alias: str
) -> None:
    client.update_collection_aliases([create(alias, pair[0])])
    vectors = dense()
    refused(400, lambda: client.create_collection(alias, vectors_config=vectors))


def test_an_alias_goes_with_its_collection_and_is_no_way_to_delete_it(
    client: QdrantClient, pair: tuple[str, str], alias: str
) -> None:
    one, _ = pair
    client.update_collection_aliases([create(alias, one)])
    assert client.delete_collection(alias) is False
    assert client.collection_exists(one)
    client.delete_collection(one)
    assert targets(client, alias) == []


def test_unknown_actions_are_refused(http: httpx.Client) -> None:
    body: dict[str, Any] = {"actions": [{"explode_alias": {}}]}
    assert http.post("/collections/aliases", json=body).status_code == 400
