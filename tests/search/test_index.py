"""The index: that it is used, that it stops, that it is in step, on both databases."""

from copy import copy

import pytest
from django.db import connection, transaction
from django.db.models import Field

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.errors import Unavailable
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.search import fill, find
from nsadmin.trigrams import index, install, letters
from nsadmin.trigrams.models import Kind, SearchEntry, SearchOwner
from nsadmin.trigrams.words import read_query
from tests.cast import Cast
from tests.search.asking import groups, namespaces, put

IS_SQLITE = connection.vendor == "sqlite"


def many(owner: SearchOwner, count: int, text: str = "a common word") -> None:
    SearchEntry.objects.bulk_create(
        SearchEntry(
            kind=Kind.NAMESPACE,
            key=f"{owner.pk} {text} {n}",
            owner=owner,
            text=f"{text} {n}",
        )
        for n in range(count)
    )


@pytest.mark.parametrize("is_across", [False, True])
def test_the_index_finds_and_no_table_is_read_as_a_whole(
    cast: Cast, is_across: bool
) -> None:
    owner = SearchOwner.objects.create(internal_id="int_many")
    many(owner, 3000 if IS_SQLITE else 20_000)
    owners = None if is_across else [owner.pk]
    if not IS_SQLITE:
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('search_trigrams')")
            cursor.execute("ANALYZE search_searchentry")
    plan = index.explain(Kind.NAMESPACE, read_query("word 2718"), owners)
    if IS_SQLITE:
        assert "VIRTUAL TABLE INDEX" in plan
        assert "SCAN e" not in plan
        assert "USING INDEX search_by_" in plan
    else:
        # Of one owner with few entries the other indexes may be as good.
        assert "search_trigrams" in plan or not is_across, plan
        assert "Seq Scan on search_searchentry" not in plan, plan


def test_a_question_stops_after_enough_answers(cast: Cast) -> None:
    owner = SearchOwner.objects.create(internal_id="int_many")
    many(owner, index.MOST + 100)
    found = index.ask(Kind.NAMESPACE, read_query("common"), [owner.pk])
    assert len(found) == index.MOST
    everybody = index.ask(Kind.NAMESPACE, read_query("common"), None)
    assert len(everybody) == index.MOST


def test_another_owners_entries_are_no_answer(cast: Cast) -> None:
    one, other = (
        SearchOwner.objects.create(internal_id=name) for name in ("int_1", "int_2")
    )
    many(one, 3)
    forged = letters.owner_tag(Kind.NAMESPACE, other.pk)
    many(one, 3, text=f"{forged} a common word forged")
    assert index.ask(Kind.NAMESPACE, read_query("common"), [other.pk]) == []
    assert index.ask(Kind.JOB, read_query("common"), None) == []


@pytest.mark.parametrize("text", ["fil", "a film"])
def test_an_organization_without_any_entry_finds_nothing(cast: Cast, text: str) -> None:
    made = Organization.objects.create(name="New", internal_id="int_new")
    assert not SearchOwner.objects.filter(internal_id=made.internal_id).exists()
    statement, values = index.keys(Kind.NAMESPACE, text, [made.internal_id], 10)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.fetchall() == []


def test_installing_again_changes_nothing_and_adds_what_is_missing(cast: Cast) -> None:
    before = list(SearchEntry.objects.order_by("pk").values())
    install.install(using="default")
    assert list(SearchEntry.objects.order_by("pk").values()) == before
    SearchEntry.objects.filter(key=cast.own.namespace_id).delete()
    assert namespaces(cast.actor(), "film") == []
    install.install(using="default")
    assert namespaces(cast.actor(), "film") == ["film archive"]


@pytest.mark.skipif(
    IS_SQLITE, reason="SQLite creates this index with its table, before any row"
)
def test_the_index_is_made_in_the_transaction_of_its_rows(cast: Cast) -> None:
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute("DROP INDEX search_trigrams")
        SearchEntry.objects.filter(key=cast.own.namespace_id).delete()
        install.install(using="default")
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = 'search_trigrams'"
        )
        assert cursor.fetchone() == (1,)
    assert namespaces(cast.actor(), "film") == ["film archive"]


def test_the_index_forgets_what_is_deleted(cast: Cast) -> None:
    query, actor = read_query("film"), cast.actor()
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).delete()
    owners = index.owner_numbers(frozenset({actor.internal_id}))
    assert index.ask(Kind.NAMESPACE, query, owners) == []
    if IS_SQLITE:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM search_trigrams WHERE search_trigrams MATCH 'ilm'"
            )
            assert cursor.fetchone() == (0,)


def test_a_namespace_that_changes_hands_is_found_by_its_new_owner(cast: Cast) -> None:
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        internal_id=cast.halden.internal_id
    )
    assert namespaces(cast.actor(), "film") == []
    assert namespaces(cast.actor("stranger"), "film") == ["film archive"]


def test_a_database_that_does_not_answer_is_unavailable(cast: Cast) -> None:
    gone = "search_trigrams" if IS_SQLITE else SearchEntry._meta.db_table
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute(f"ALTER TABLE {gone} RENAME TO search_gone")
    with (
        pytest.raises(Unavailable, match="The search does not answer"),
        transaction.atomic(),  # PostgreSQL goes back to before the failed statement
    ):
        find.find(cast.actor(), read_query("film"), limit=5)


def test_the_queries_of_a_search_are_few(
    cast: Cast, django_assert_max_num_queries
) -> None:
    for number in range(30):
        put(cast, "collections", f"col_{number}", name=f"film {number}")
    fill.run()
    actor: Actor = cast.actor()
    # The owners; five kinds; the rows of namespaces, and of resources.
    with django_assert_max_num_queries(9):
        assert set(groups(actor, "film")) == {"namespaces", "resources"}


@pytest.mark.django_db(transaction=True)
def test_a_migration_can_alter_both_tables_and_misses_no_change(cast: Cast) -> None:
    install.install(using=connection.alias)
    install.remove(using=connection.alias, plan=["a migration"])
    for model, column in ((MirroredNamespace, "name"), (SearchEntry, "text")):
        old = model._meta.get_field(column)
        assert isinstance(old, Field)
        new = copy(old)
        new.null = True
        for before, after in ((old, new), (new, old)):
            with connection.schema_editor() as editor:
                editor.alter_field(model, before, after)
    row = MirroredNamespace.objects.get(namespace_id=cast.own.namespace_id)
    row.name, row.search_text = "walnuts", "walnuts"
    row.save()
    install.install(using=connection.alias)
    for wanted in ("walnuts", "chestnuts"):
        MirroredNamespace.objects.filter(pk=row.pk).update(
            name=wanted, search_text=wanted
        )
        assert namespaces(cast.actor(), wanted) == [wanted]
    assert namespaces(cast.actor(), "walnuts") == []


def test_a_migrate_without_migrations_leaves_the_triggers(cast: Cast) -> None:
    install.remove(using=connection.alias, plan=[])
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        name="walnuts", search_text="walnuts"
    )
    assert namespaces(cast.actor(), "walnuts") == ["walnuts"]
