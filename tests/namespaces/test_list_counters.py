"""Counters of lists equal a recount, whoever writes the mirror and however."""

import random
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import GeneratedField

from nsadmin.namespaces.listing.counting import counters, recount, triggers
from nsadmin.namespaces.listing.listing import ListQuery, listing
from nsadmin.namespaces.mirror import comparison
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.namespaces.models.lists import (
    COMPUTED_FROM,
    ListCount,
    ListedExtractor,
    deleted,
    own,
)
from nsadmin.stores.mongo import namespaces as store
from nsadmin.stores.mongo.connection import collection
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXTRACTORS = ("text_v1", "image_v1", "é 🎬_v1", "x" * 300)


def recounted() -> Counter[tuple[object, ...]]:
    found: Counter[tuple[object, ...]] = Counter()
    for row in MirroredNamespace.objects.all():
        for extractor in {"", *(name[:200] for name in row.extractor_ids)}:
            found[
                row.listed_for,
                row.tier,
                row.status,
                row.differences > 0,
                row.unreadable != "",
                extractor,
            ] += 1
    return found


def counted() -> Counter[tuple[object, ...]]:
    lists = set(ListCount.objects.values_list("listed_for", flat=True))
    return Counter(
        {
            (k.listed_for, k.tier, k.status, k.differs, k.unreadable, k.extractor): k.n
            for k in counters.read(lists)[0]
        }
    )


def listed() -> set[tuple[str, str, str]]:
    return set(
        ListedExtractor.objects.values_list("namespace_id", "listed_for", "extractor")
    )


def assert_right() -> None:
    assert counted() == recounted()
    rows = MirroredNamespace.objects.all()
    assert listed() == {
        (row.namespace_id, row.listed_for, name[:200])
        for row in rows
        for name in row.extractor_ids
    }


def values(chance: random.Random) -> dict[str, object]:
    return {
        "internal_id": chance.choice(["int_a", "int_b"]),
        "scope": chance.choice(["org", "org", "system"]),
        "tier": chance.choice(["shared", "dedicated_gpu"]),
        "health": chance.choice(["ready", "unknown"]),
        "clone_status": chance.choice(["", "cloning", "completed"]),
        "deletion_task_id": chance.choice(["", "", "t"]),
        "deleted_at": chance.choice([None, None, NOW]),
        "differences": chance.choice([0, 0, 3]),
        "unreadable": chance.choice(["", "odd"]),
        "extractor_ids": chance.sample(EXTRACTORS, chance.randrange(3)),
    }


def row_of(number: int, chance: random.Random) -> MirroredNamespace:
    return MirroredNamespace(
        namespace_id=f"ns_{number:04}",
        name=f"row {number}",
        name_key=f"row {number}",
        mirrored_at=NOW,
        **values(chance),
    )


@pytest.mark.parametrize("seed", range(4))
def test_counters_equal_a_recount_after_random_writes(seed: int) -> None:
    chance = random.Random(seed)
    rows = MirroredNamespace.objects
    for step in range(30):
        some = rows.filter(pk__in=[f"ns_{chance.randrange(40):04}" for _ in range(5)])
        match step % 6:
            case 0:
                made = [row_of(n, chance) for n in chance.sample(range(40), 8)]
                rows.bulk_create(made, ignore_conflicts=True)
            case 1:
                some.update(**values(chance))
            case 2:
                row_of(chance.randrange(40), chance).save()
            case 3:
                changed = list(some)
                for row in changed:
                    row.health, row.differences = chance.choice(["ready", "error"]), 0
                rows.bulk_update(changed, ["health", "differences"])
            case 4:
                some.delete()
            case _:
                made = [row_of(n, chance) for n in chance.sample(range(40), 8)]
                rows.bulk_create(
                    made,
                    update_conflicts=True,
                    unique_fields=["namespace_id"],
                    update_fields=["health", "tier", "extractor_ids", "deleted_at"],
                )
        assert_right()
    assert recount.rebuild() == 0
    counters.fold()
    assert_right()
    rows.all().delete()
    assert not counted()
    assert not listed()


@pytest.mark.parametrize("column", sorted(values(random.Random(0))))
def test_counters_follow_a_statement_that_writes_one_column(column: str) -> None:
    """A trigger names the columns that it follows, and so has to name all."""
    chance = random.Random(3)
    MirroredNamespace.objects.bulk_create(row_of(n, chance) for n in range(20))
    before, after = counted(), set[int]()
    for _ in range(20):
        MirroredNamespace.objects.update(**{column: values(chance)[column]})
        assert_right()
        after.add(hash(frozenset(counted().items())))
    assert len({hash(frozenset(before.items())), *after}) > 1


def test_the_columns_that_the_database_computes_are_of_the_named_ones() -> None:
    fields = MirroredNamespace._meta.fields
    computed = [field for field in fields if isinstance(field, GeneratedField)]
    assert {field.name for field in computed} == set(COMPUTED_FROM)
    for field in computed:
        sql, _ = field.generated_sql(connection)
        named = set(re.findall(r'"(\w+)"', sql))
        assert named == set(COMPUTED_FROM[field.name])


def test_whose_a_row_is() -> None:
    chance = random.Random(1)
    row = row_of(1, chance)
    for scope, at, expected in (
        ("org", None, own("int_a")),
        ("system", None, "system"),
        ("system", NOW, deleted("int_a")),
    ):
        row.internal_id, row.scope, row.deleted_at = "int_a", scope, at
        row.save()
        assert MirroredNamespace.objects.get().listed_for == expected


def test_a_wrong_counter_is_mended() -> None:
    chance = random.Random(2)
    MirroredNamespace.objects.bulk_create([row_of(n, chance) for n in range(9)])
    ListCount.objects.filter(extractor="").update(n=77)
    ListedExtractor.objects.all().delete()
    assert recount.rebuild() > 0
    assert_right()
    MirroredNamespace.objects.update(health="ready", clone_status="")
    assert_right()


def test_folding_leaves_a_row_for_each_counter() -> None:
    chance = random.Random(3)
    for number in range(6):
        row_of(number, chance).save()
    MirroredNamespace.objects.update(tier="shared", deleted_at=None)
    before = counted()
    counters.fold()
    counters.fold()
    assert counted() == before
    assert len(ListCount.objects.filter(n__gt=0)) == len(before)


def test_installing_after_a_migration_counts_what_changed_meanwhile() -> None:
    chance = random.Random(4)
    MirroredNamespace.objects.bulk_create([row_of(n, chance) for n in range(5)])
    triggers.remove(using=connection.alias, plan=["a migration"])
    MirroredNamespace.objects.update(health="error", extractor_ids=["new_v1"])
    triggers.install(using=connection.alias)
    assert_right()
    triggers.install(using=connection.alias)
    assert_right()


def test_rows_that_a_comparison_writes_are_counted_and_searched(cast: Cast) -> None:
    extractor = {"feature_extractor_name": "text", "version": "v9"}
    values = {"namespace_name": "harbour cranes", "feature_extractors": [extractor]}
    documents = collection(store.NAME)
    documents.update_one({"_id": cast.own.namespace_id}, {"$set": values})
    documents.delete_one({"_id": cast.foreign.namespace_id})
    MirroredNamespace.objects.filter(pk=cast.system.namespace_id).delete()
    assert comparison.reconcile(is_whole=True) == 3
    assert_right()
    found = listing(cast.actor(), ListQuery(search="HARBOUR", extractor="text_v9"))
    assert [row.pk for row in found.rows] == [cast.own.namespace_id]
