"""Copies of documents as text: what is written is read, by two releases at once."""

import json

import pytest
from django.core import serializers
from django.db import connection

from nsadmin.namespaces.models import MirroredDocument
from tests.cast import Cast

pytestmark = pytest.mark.django_db
CONTENT = {"a": [1, 2.5, None, {"b": "é \\u0000 \"'"}], "%s": {}}
TABLE = MirroredDocument._meta.db_table


@pytest.fixture
def kept(cast: Cast) -> MirroredDocument:
    found = MirroredDocument.objects.get(pk=cast.own.namespace_id)
    found.content = CONTENT
    found.save()
    return found


def test_an_object_is_read_as_it_was_written(kept: MirroredDocument) -> None:
    kept.refresh_from_db()
    assert kept.content == CONTENT
    [listed] = MirroredDocument.objects.filter(pk=kept.pk).values_list("content")
    assert listed == (CONTENT,)


def test_a_serializer_keeps_it(kept: MirroredDocument) -> None:
    [restored] = serializers.deserialize(
        "json",
        serializers.serialize("json", [MirroredDocument.objects.get(pk=kept.pk)]),
    )
    assert vars(restored.object)["content"] == CONTENT


def test_the_release_before_writes_and_reads_it(kept: MirroredDocument) -> None:
    """It writes JSON of the database, and parses the text that it reads."""
    kind = "::jsonb" if connection.vendor == "postgresql" else ""
    other = CONTENT | {"written_by": "the release before"}
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET content = %s{kind} WHERE namespace_id = %s",  # noqa: S608
            [json.dumps(other), kept.pk],
        )
        cursor.execute(
            f"SELECT content FROM {TABLE} WHERE namespace_id = %s",  # noqa: S608
            [kept.pk],
        )
        [text] = cursor.fetchone()
    assert json.loads(text) == other
    kept.refresh_from_db()
    assert kept.content == other
