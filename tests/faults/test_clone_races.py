"""Two launches at the same moment: one succeeds, the other one leaves nothing behind.

Adding a namespace under a limited plan takes the organization's quota lock. The test
holds that lock until both launches have passed their checks and wait to write.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from nsadmin.access.actor import Actor
from nsadmin.access.keys.keys import create_key
from nsadmin.access.models import Organization
from nsadmin.access.organization import quota_lock
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent, Outcome
from nsadmin.jobs.models import Job
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.stores.mongo import namespaces as store
from tests.faults import clones
from tests.faults.plant import Plant, until
from tests.pages.plans import accepted, confirm, shown_plan


@pytest.fixture
def actor(plant: Plant) -> Actor:
    """A member of an organization whose plan has a limit."""
    return plant.actor("pro")


@pytest.fixture
def source(actor: Actor) -> Namespace:
    """The one namespace that there is."""
    return clones.make_source(actor, "source", count=3)


@pytest.fixture
def doors(actor: Actor) -> list[Client]:
    """A program with a key, and a person in a browser."""
    organization = Organization.objects.get(organization_id=actor.organization_id)
    _, key = create_key(organization, name="second", role=Role.MEMBER)
    program = Client(headers={"authorization": f"Bearer {key}"})
    browser = Client()
    browser.force_login(clones.person_of(actor))
    return [program, browser]


def _prepared(door: Client, source: Namespace, name: str) -> Callable[[], Any]:
    """Return the request that launches; a person has read the review before."""
    own = source.namespace_id
    if "HTTP_AUTHORIZATION" in door.defaults:
        return lambda: door.post(
            f"/v1/namespaces/{own}/clone",
            json.dumps({"namespace_name": name}),
            content_type="application/json",
        )
    sent = {"namespace_name": name, "collections": "on", "retrievers": "on"}
    address = f"/namespaces/{own}/clone/"
    shown = shown_plan(door, address, sent)
    return lambda: confirm(door, shown, **accepted(shown))


def _both(
    actor: Actor, source: Namespace, doors: list[Client], names: tuple[str, str]
) -> list[Any]:
    """Launch through both doors; release the lock when both wait to write."""
    answers: list[Any] = [None, None]
    asking = [_prepared(doors[n], source, names[n]) for n in (0, 1)]

    def ask(number: int) -> None:
        try:
            answers[number] = asking[number]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(n,)) for n in (0, 1)]
    with quota_lock.locked(actor.internal_id):
        for thread in threads:
            thread.start()
        its = Job.objects.filter(organization_id=actor.organization_id)
        until(lambda: its.count() == 2, "both have looked", within_s=4)
    for thread in threads:
        thread.join()
    return answers


def _require_one(actor: Actor, answers: list[Any], refusal: int) -> str:
    """One launch succeeded, the other left nothing; return the body of its refusal."""
    statuses = [answer.status_code for answer in answers]
    assert statuses in ([200, refusal], [refusal, 302])
    (job,) = Job.objects.filter(organization_id=actor.organization_id)
    made = store.get(job.namespace_id)
    assert made["clone_task_id"] == str(job.job_id)
    assert store.count_of_tenant(actor.internal_id) == 2
    asked = AuditEvent.objects.filter(organization_id=actor.organization_id)
    outcomes = sorted(row.outcome for row in asked.filter(action="namespace:clone"))
    assert outcomes == sorted([Outcome.ATTEMPTED, Outcome.REFUSED])
    return answers[statuses.index(refusal)].content.decode()


def test_one_name_is_given_once(actor, source, doors):
    answers = _both(actor, source, doors, ("the copy", "The Copy"))
    said = _require_one(actor, answers, 409)
    assert "has this name already" in said


def test_the_last_place_of_a_plan_is_given_once(actor, source, doors, settings):
    settings.NSADMIN_PLAN_LIMITS = {"pro": 2}
    answers = _both(actor, source, doors, ("one copy", "another copy"))
    said = _require_one(actor, answers, 403)
    assert "The pro subscription includes 2 namespaces; there are 2." in said
