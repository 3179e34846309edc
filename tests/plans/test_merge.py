"""A plan of the API or of YAML leaves alone what others have changed since."""

from dataclasses import replace

import pytest

from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.plan import merge
from nsadmin.namespaces.read import queries
from nsadmin.namespaces.schema import config
from nsadmin.namespaces.schema.patch import parse_patch
from nsadmin.plans import service
from nsadmin.plans.models import SavedPlan
from nsadmin.stores.mongo import namespaces as store
from tests.cast import Cast, make_namespace
from tests.pages.plans import confirm, plan_address, ticks_of
from tests.plans.conftest import person

STORED = {"rank": {"type": "float"}, "mood": {"type": "keyword"}}


@pytest.fixture
def indexed(cast):
    """A namespace with two indexes."""
    return make_namespace(cast.northlight, "indexed", indexes=STORED)


def indexes(**kinds: str) -> list[dict]:
    """Return a list of indexes as PATCH takes it."""
    return [{"field_name": field, "type": kind} for field, kind in kinds.items()]


def planned(cast: Cast, namespace, **body: object) -> SavedPlan:
    """Keep a plan of the API."""
    patch = parse_patch(body)
    return service.keep(person(cast), namespace.namespace_id, patch, source="api")


def meanwhile(cast: Cast, namespace, **body: object) -> None:
    """Change something as another person."""
    own_id = namespace.namespace_id
    commit.commit(person(cast, "member"), own_id, parse_patch(body))


def stored(namespace) -> dict[str, str]:
    """Return the declared indexes as {field: type}."""
    found = store.get(namespace.namespace_id)["payload_indexes"]
    return {entry["field_name"]: entry["type"] for entry in found}


def page_of(saved: SavedPlan) -> str:
    return f"/namespaces/{saved.namespace_id}/plans/{saved.plan_id}/"


def test_a_full_list_neither_rebuilds_nor_drops_what_others_changed(cast, indexed):
    saved = planned(
        cast, indexed, payload_indexes=indexes(rank="float", mood="keyword", wet="bool")
    )
    meanwhile(cast, indexed, payload_indexes=indexes(rank="float", city="keyword"))
    assert service.holds(person(cast), saved) is True
    service.confirm(person(cast), saved, ticks=set())
    assert stored(indexed) == {"rank": "float", "city": "keyword", "wet": "bool"}


def test_a_list_that_drops_one_keeps_what_was_added_since(cast, indexed):
    saved = planned(cast, indexed, payload_indexes=indexes(rank="float"))
    meanwhile(
        cast, indexed, payload_indexes=indexes(rank="float", mood="keyword", wet="bool")
    )
    shown = service.preview_again(person(cast), saved).plan
    assert [(s.kind, s.to_json()["field"]) for s in shown.steps] == [
        ("drop_index", "mood")
    ]


def test_a_value_that_the_plan_left_alone_is_not_turned_back(cast):
    saved = planned(cast, cast.own, description="", auto_create_indexes=True)
    meanwhile(cast, cast.own, description="Theirs.")
    service.confirm(person(cast), saved, ticks=set())
    raw = store.get(cast.own.namespace_id)
    assert (raw["description"], raw["auto_create_indexes"]) == ("Theirs.", True)


def test_a_value_that_both_changed_is_refused_with_its_field(cast, indexed):
    saved = planned(
        cast, indexed, payload_indexes=indexes(rank="integer", mood="keyword")
    )
    meanwhile(cast, indexed, payload_indexes=indexes(mood="keyword"))
    with pytest.raises(Conflict) as refused:
        service.confirm(person(cast), saved, ticks=set())
    assert refused.value.code == "edit_conflict"
    assert refused.value.details["field"] == "payload_indexes.rank"
    assert "payload_indexes.rank" in refused.value.message
    assert stored(indexed) == {"mood": "keyword"}


@pytest.mark.parametrize(
    ("choice", "left"),
    [("mine", {"rank": "integer", "mood": "keyword"}), ("theirs", {"mood": "keyword"})],
)
def test_its_page_asks_for_each_and_keeps_the_choice(cast, indexed, choice, left):
    saved = planned(
        cast, indexed, payload_indexes=indexes(rank="integer", mood="keyword")
    )
    meanwhile(cast, indexed, payload_indexes=indexes(mood="keyword"))
    client = cast.browser()
    text = client.get(page_of(saved)).content.decode()
    assert "Changed by both: the index on rank" in text
    assert "No index on rank" in text
    assert "When the plan was made: float" in text
    asked = {"tick": ticks_of(text)}
    assert confirm(client, text, **asked).status_code == 422
    done = confirm(client, text, **asked, **{"keep-index:rank": choice})
    assert done.status_code == 303
    assert stored(indexed) == left


def test_a_plan_of_yaml_is_compared_with_what_was_stored_then(cast, indexed):
    client, own_id = cast.browser(), indexed.namespace_id
    view = queries.get(person(cast), own_id)
    text = config.to_yaml(view.namespace).replace(
        "description: ''", "description: Mine."
    )
    text += "  - field_name: wet\n    type: bool\n"
    form = {"config": text}
    page = client.post(f"/namespaces/{own_id}/config/", form, follow=True)
    shown = page.content.decode()
    meanwhile(cast, indexed, payload_indexes=indexes(rank="float"))
    again = client.get(plan_address(shown)).content.decode()
    assert "Confirm two steps" in again
    assert "mood" not in again.partition('id="plan"')[2].partition("</ol>")[0]
    assert confirm(client, again, tick=ticks_of(again)).status_code == 303
    assert stored(indexed) == {"rank": "float", "wet": "bool"}
    assert store.get(own_id)["description"] == "Mine."


def test_a_conflict_of_yaml_is_asked(cast):
    client, own_id = cast.browser(), cast.own.namespace_id
    form = {"config": "schema: nsadmin/namespace/v1\ndescription: Mine.\n"}
    page = client.post(f"/namespaces/{own_id}/config/", form, follow=True)
    meanwhile(cast, cast.own, description="Theirs.")
    text = client.get(plan_address(page.content.decode())).content.decode()
    assert "Changed by both: the description" in text
    assert confirm(client, text, **{"keep-description": "theirs"}).status_code == 303
    assert store.get(own_id)["description"] == "Theirs."


def test_infrastructure_that_both_changed_is_refused(cast):
    saved = planned(cast, cast.own, infrastructure={"max_workers": 3})
    meanwhile_admin = parse_patch({"infrastructure": {"max_workers": 5}})
    commit.commit(person(cast), cast.own.namespace_id, meanwhile_admin)
    with pytest.raises(Conflict) as refused:
        service.confirm(person(cast), saved, ticks=set())
    assert refused.value.details["field"] == "infrastructure.max_workers"


@pytest.mark.parametrize("asked", ["http://old.example", "http://new.example"])
def test_a_key_goes_only_to_its_own_address(cast, asked):
    place = {"qdrant_url": asked, "qdrant_api_key": "k", "max_workers": 3}
    patch = parse_patch({"infrastructure": place})
    before = replace(cast.own, infrastructure={"qdrant_url": "http://old.example"})
    base = merge.base_of(patch, before)
    now = replace(cast.own, infrastructure={"qdrant_url": "http://theirs.example"})
    kept = merge.merged(patch, base, now).patch.infrastructure
    assert kept == patch.infrastructure
    left = merge.merged(patch, base, now, {"infrastructure.qdrant_url"})
    assert left.patch.infrastructure == {"max_workers": 3}


def test_a_plan_that_was_kept_without_a_base_is_refused_after_a_change(cast, indexed):
    saved = planned(cast, indexed, payload_indexes=indexes(rank="float"))
    del saved.request["base"]
    saved.save()
    assert service.holds(person(cast), saved) is True
    meanwhile(cast, indexed, description="Theirs.")
    with pytest.raises(Conflict) as refused:
        service.confirm(person(cast), saved, ticks=set())
    assert refused.value.code == "plan_outdated"


def test_the_author_of_the_other_value_is_named(cast):
    own_id = cast.own.namespace_id
    saved = planned(cast, cast.own, namespace_name="film archive, mine")
    meanwhile(cast, cast.own, namespace_name="film archive, theirs")
    later = parse_patch({"description": "Later."})
    commit.commit(person(cast), own_id, later)
    text = " ".join(cast.browser().get(page_of(saved)).content.decode().split())
    renamed = AuditEvent.objects.get(revision=2)
    choice = text.partition("Keep theirs, by")[2].partition("</b>")[0]
    assert renamed.actor_label in choice
    assert "revision 2" in choice
    banner = text.partition('id="moved-title"')[2].partition("</section>")[0]
    assert "Two people changed this namespace" in banner
    assert "Renamed to film archive, theirs" in banner
    assert "Description changed" in banner
    assert f'#{renamed.op_id}"' in banner


def file_of(cast: Cast, namespace) -> str:
    """Download the configuration."""
    at = f"/namespaces/{namespace.namespace_id}/config/?download=1"
    return cast.browser().get(at).content.decode()


def sent(cast: Cast, namespace, text: str) -> str:
    """Send a file; return the page that comes."""
    at = f"/namespaces/{namespace.namespace_id}/config/"
    return cast.browser().post(at, {"config": text}, follow=True).content.decode()


def test_an_older_file_takes_back_nothing_that_changed_since(cast, indexed):
    text = file_of(cast, indexed)
    assert f"namespace_id: {indexed.namespace_id}\n  revision: 1\n" in text
    meanwhile(cast, indexed, payload_indexes=indexes(rank="float", city="keyword"))
    meanwhile(cast, indexed, description="Theirs.")
    same = sent(cast, indexed, text)
    assert "The file has no change since revision 1" in same
    assert not SavedPlan.objects.exists()
    shown = sent(cast, indexed, f"{text}  - field_name: wet\n    type: bool\n")
    said = "The file was made from revision 1; the namespace is at 3"
    assert said in " ".join(shown.split())
    assert "2 changes since then" in shown
    assert "Holds" in shown
    assert confirm(cast.browser(), shown, tick=ticks_of(shown)).status_code == 303
    assert stored(indexed) == {"rank": "float", "city": "keyword", "wet": "bool"}
    assert store.get(indexed.namespace_id)["description"] == "Theirs."


def test_what_an_older_file_and_others_changed_is_asked(cast):
    text = file_of(cast, cast.own).replace("description: ''", "description: Mine.")
    meanwhile(cast, cast.own, description="Theirs.")
    shown = sent(cast, cast.own, text)
    assert "Changed by both: the description" in shown
    assert "At revision 1, from which the file was made: Empty" in shown
    assert confirm(cast.browser(), shown).status_code == 422
    done = confirm(cast.browser(), shown, **{"keep-description": "mine"})
    assert done.status_code == 303
    assert store.get(cast.own.namespace_id)["description"] == "Mine."


def test_a_file_of_another_namespace_or_of_no_revision_is_what_shall_be(cast, indexed):
    text = file_of(cast, cast.own).replace("description: ''", "description: Mine.")
    text = text.replace(cast.own.name, indexed.name)
    meanwhile(cast, indexed, description="Theirs.")
    shown = sent(cast, indexed, text)
    assert "The file was made from" not in shown
    assert "Mine." in shown


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("revision: 9", "The namespace is at revision 1, and the file was made from"),
        ("revision: many", "revision must be a whole number."),
        ("revision: true", "revision must be a whole number."),
        ("of: 1", "made_from has a namespace_id and a revision, or is left out."),
    ],
)
def test_an_origin_that_cannot_be_is_refused_at_its_line(cast, origin, said):
    text = file_of(cast, cast.own).replace("revision: 1", origin)
    shown = sent(cast, cast.own, text)
    assert said in shown
    assert "<b>Line " in shown
