"""What is found, by whom, and what those learn who may not see it."""

import pytest
from django.utils import timezone

from nsadmin.access.models import Membership, User
from nsadmin.jobs.models import Job, State
from nsadmin.namespaces.lifecycle import tombstones
from nsadmin.namespaces.models import MirroredNamespace
from nsadmin.search import fill, find
from nsadmin.search.hits import Group
from nsadmin.stores.mongo import resources
from nsadmin.trigrams.models import Kind, SearchEntry
from nsadmin.trigrams.words import read_query
from tests.access.marked import WORD, mark
from tests.cast import Cast, make_job, make_namespace
from tests.search.asking import (
    bold,
    groups,
    namespaces,
    outsider,
    plain,
    put,
)

# "Persian", with a joiner that nobody sees.
JOINED = "\u0641\u0627\u0631\u200c\u0633\u06cc"


@pytest.mark.parametrize(
    "searched",
    [
        "film archive",
        "ARCHIVE film",
        "chiv",
        "fi ar",
        "f",
        "face_identity",
        "metadata.city",
        "ity film",
        "ÜBER",
        "größe",
        "GRÖSSE",
        "京",
        "東京の",
        JOINED,
        JOINED.replace("\u200c", ""),
        "🎬",
        "100%",
        "a_b",
        "it's",
        '"quoted"',
    ],
)
def test_a_namespace_is_found_by_all_of_its_texts(cast: Cast, searched: str) -> None:
    keyword = {"type": "keyword"}
    description = f'Über die Größe; in 東京の映画. {JOINED} 🎬 100% a_b it\'s "quoted"'
    make_namespace(
        cast.northlight,
        "film archive 7",
        indexes={"metadata.city": keyword},
        in_qdrant=False,
        description=description,
    )
    assert "film archive 7" in namespaces(cast.actor(), searched)


@pytest.mark.parametrize(
    "searched",
    ["rchive nothing", "rc", "%", "a%b", "il_m", "fil*", "film OR museum", "NEAR"],
)
def test_what_has_not_every_word_is_not_found(cast: Cast, searched: str) -> None:
    assert namespaces(cast.actor(), searched) == []


@pytest.mark.parametrize(
    "searched",
    [
        "%",
        "_",
        "\\",
        "'",
        '"',
        '" OR "',
        "*",
        "^film",
        "text:film",
        "film AND",
        "(",
        "NEAR(film archive, 2)",
        "\0",
        "film\0archive",
        "\u202efilm",
        "\ud800",
        "\x1f",
        "\x1f\x1ff",
        "\U000f0001\U000f0001\U000f0001",
        "👩\u200d💻",
        "a" * 10_000,
        " ".join(map(str, range(5000))),
        "\n\t ",
    ],
)
def test_no_text_is_an_error(cast: Cast, searched: str) -> None:
    for actor in (cast.actor("viewer"), outsider(cast)):
        find.find(actor, read_query(searched), limit=5)


def test_a_long_search_is_cut(cast: Cast) -> None:
    assert read_query("a" * 10_000).is_cut
    assert len(read_query("a" * 10_000).text) == 200
    assert not read_query("film archive").is_cut


def test_the_words_are_marked(cast: Cast) -> None:
    hit = groups(cast.actor(), "ARCH fi")["namespaces"].hits[0]
    assert bold(hit.name) == ["fi", "arch"]
    assert plain(hit.name) == "film archive"


def test_a_description_is_shown_around_the_word(cast: Cast) -> None:
    text = f"{'before ' * 30}STRAẞE{' after' * 60}"
    make_namespace(cast.northlight, "roads", in_qdrant=False, description=text)
    hit = groups(cast.actor(), "strasse")["namespaces"].hits[0]
    assert bold(hit.evidence) == ["STRAẞE"]
    assert plain(hit.evidence).startswith("…")
    assert len(plain(hit.evidence)) < 180


def test_a_field_is_named_as_it_is_written(cast: Cast) -> None:
    keyword = {"type": "keyword"}
    make_namespace(
        cast.northlight, "cities", indexes={"meta.City": keyword}, in_qdrant=False
    )
    hit = groups(cast.actor(), "meta.c")["namespaces"].hits[0]
    assert plain(hit.evidence) == "Field meta.City"


def test_an_exact_name_and_its_beginning_come_first(cast: Cast) -> None:
    for name in ("my films", "films of old", "films", "other"):
        make_namespace(
            cast.northlight, name, in_qdrant=False, description="about films"
        )
    assert namespaces(cast.actor(), "films") == [
        "films",
        "films of old",
        "my films",
        "other",
    ]


def test_collections_retrievers_jobs_and_people_are_found(cast: Cast) -> None:
    put(cast, "collections", "col_1", name="Intake", description="Raw footage")
    put(cast, "retrievers", "ret_1", name="Footage finder")
    make_job(cast.northlight, error="The footage broke off.")
    User.objects.filter(pk=cast.users["viewer"].pk).update(name="Footage Person")
    fill.run()
    found = groups(cast.actor("viewer"), "FOOTAGE")
    assert [(h.kind, h.key) for h in found["resources"].hits] == [
        (Kind.COLLECTION, "col_1"),
        (Kind.RETRIEVER, "ret_1"),
    ]
    assert found["resources"].hits[0].namespace_name == "film archive"
    assert plain(found["jobs"].hits[0].evidence) == "The footage broke off."
    (person,) = found["people"].hits
    assert plain(person.name) == "Footage Person"
    assert plain(person.id) == cast.users["viewer"].email


def test_what_is_gone_is_found_no_longer(cast: Cast) -> None:
    put(cast, "collections", "col_1", name="Intake footage")
    fill.run()
    assert "resources" in groups(cast.actor(), "footage")
    resources.delete_all("collections", cast.own.namespace_id)
    fill.run()
    assert groups(cast.actor(), "footage") == {}
    assert not SearchEntry.objects.filter(kind=Kind.COLLECTION).exists()


def test_a_deleted_namespace_is_found_no_longer_with_all_that_is_in_it(
    cast: Cast,
) -> None:
    put(cast, "collections", "col_1", name="Intake of film")
    fill.run()
    assert set(groups(cast.actor(), "film")) == {"namespaces", "resources"}
    tombstones.soft_delete(cast.actor(), cast.own.namespace_id)
    assert groups(cast.actor(), "film") == {}
    fill.run()
    assert SearchEntry.objects.filter(kind=Kind.COLLECTION).count() == 0


def test_a_person_who_left_is_found_no_longer_at_once(cast: Cast) -> None:
    fill.run()
    assert "people" in groups(cast.actor(), "viewer")
    Membership.objects.filter(user=cast.users["viewer"]).delete()
    assert "people" not in groups(cast.actor(), "viewer")


def test_a_renamed_namespace_is_found_by_its_new_name_at_once(cast: Cast) -> None:
    MirroredNamespace.objects.filter(pk=cast.own.namespace_id).update(
        name="reels", name_key="reels", search_text="reels\n"
    )
    assert namespaces(cast.actor(), "film") == []
    assert namespaces(cast.actor(), "reel") == ["reels"]


def test_a_job_that_ended_is_found_by_its_error(cast: Cast) -> None:
    made = make_job(cast.northlight)
    fill.run()
    failed = {"state": State.FAILED, "error": "Qdrant is full."}
    Job.objects.filter(pk=made.pk).update(**failed, ended_at=timezone.now())
    assert groups(cast.actor(), "qdrant is full") == {}
    fill.run()
    assert "jobs" in groups(cast.actor(), "qdrant is full")


# Who sees what -----------------------------------------------------------------------


def texts(found: dict[str, Group]) -> str:
    return repr(found)


@pytest.mark.parametrize("role", ["viewer", "member", "admin", "stranger"])
def test_another_organization_learns_nothing(cast: Cast, role: str) -> None:
    put(cast, "collections", "col_1", name=f"About {WORD}")
    mark(cast)
    fill.run()
    found = groups(cast.actor(role), WORD)
    if role == "stranger":
        assert found == {}
    else:
        assert set(found) == {"namespaces", "resources", "jobs", "people"}
    for group in found.values():
        assert all(not hit.organization for hit in group.hits)


def test_everybody_finds_what_is_in_system_namespaces(cast: Cast) -> None:
    own = {"namespace_id": cast.system.namespace_id, "collection_id": "col_s"}
    resources.put("collections", [{"_id": "col_s", **own, "collection_name": "Aero"}])
    fill.run()
    assert namespaces(cast.actor("stranger"), "world") == ["world sample"]
    assert "resources" in groups(cast.actor("stranger"), "aero")


def test_who_may_see_all_finds_all_with_the_organization(cast: Cast) -> None:
    cast.open_session("support", cast.halden)
    found = groups(cast.actor("support"), "museum objects")["namespaces"]
    assert [hit.organization for hit in found.hits] == ["Halden Museum Labs"]


def test_without_a_session_staff_learn_where_it_is_and_nothing_else(
    cast: Cast,
) -> None:
    put(cast, "collections", "col_1", name=f"About {WORD}")
    put(cast, "collections", "col_2", name=f"More of {WORD}")
    mark(cast)
    cast.northlight.name = "Northlight Media"
    cast.northlight.save()
    fill.run()
    found = groups(outsider(cast), WORD)
    assert set(found) == {"namespaces", "resources"}  # neither jobs nor people
    for group in found.values():
        assert group.hits == []
        # One line for a namespace, however much of it matches.
        assert len(group.withheld) == 1
        row = group.withheld[0]
        assert row.organization == "Northlight Media"
        assert row.organization_id == cast.northlight.organization_id
        assert row.namespace_id in (cast.own.namespace_id, "")
    assert WORD not in texts(found)
    assert "film archive" not in texts(found)


def test_no_customer_is_told_that_others_match(cast: Cast) -> None:
    found = groups(cast.actor("stranger"), "film")
    assert found == {}


def test_recent_namespaces_are_those_that_one_may_see(cast: Cast) -> None:
    names = {plain(hit.name) for hit in find.recent(cast.actor("stranger"))}
    assert names == {"museum objects", "world sample"}
