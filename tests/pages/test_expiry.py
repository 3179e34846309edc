"""The end of a namespace in the pages: warned of everywhere, moved by a form."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from nsadmin.access.web import step_up
from nsadmin.audit.models import AuditEvent
from nsadmin.jobs.schedules import beat
from nsadmin.namespaces.lifecycle import expiry, mass_expiry, reaper
from nsadmin.namespaces.models import ReaperHold
from nsadmin.stores.mongo import namespaces as store
from tests.cast import make_namespace
from tests.pages.plans import confirm, ticks_of
from tests.people import PASSWORD

HOUR = timedelta(hours=1)
PAGES = ("", "settings/", "indexes/", "extractors/", "advice/", "drift/", "audit/")


def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def ending(cast):
    """A namespace that ends in an hour and a half and was warned of."""
    return make_namespace(
        cast.northlight,
        "ending",
        expires_at=now() + 1.5 * HOUR,
        **{expiry.WARNED: now() - 0.5 * HOUR},
    )


def at(namespace, page=""):
    return f"/namespaces/{namespace.namespace_id}/{page}"


def stored_end(namespace):
    return store.get(namespace.namespace_id).get("expires_at")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_it_warns_and_leads_to_the_form(browse, ending, page):
    text = browse("member").get(at(ending, page)).content.decode()
    assert "Deleted in <time" in text
    assert "unless extended" in text
    assert "After deletion it can be restored for 7 days." in text
    assert f'href="{at(ending)}settings/#expiry"' in text


def test_what_has_time_is_not_warned_of(cast, browse):
    later = make_namespace(cast.northlight, "later", expires_at=now() + 48 * HOUR)
    client = browse()
    assert "unless extended" not in client.get(at(later)).content.decode()
    assert "Expires in 1" in client.get(at(later, "settings/")).content.decode()
    text = client.get(at(cast.own, "settings/")).content.decode()
    assert "Never expires" in text
    assert "Set an expiry" in text


def test_the_warning_gives_an_hour_even_after_the_end(cast, browse):
    late = make_namespace(
        cast.northlight,
        "late",
        expires_at=now() - HOUR,
        **{expiry.WARNED: now() - timedelta(minutes=20)},
    )
    text = browse().get(at(late)).content.decode()
    assert f'datetime="{now() + timedelta(minutes=40):%Y-%m-%dT%H:%M}' in text


def test_what_is_kept_after_its_end_has_expired(cast, browse):
    kept = make_namespace(
        cast.northlight, "kept", expires_at=now() - HOUR, protected=True
    )
    text = browse().get(at(kept, "settings/")).content.decode()
    assert f"It expired {now() - HOUR:%-d %b %Y}" in text
    assert "It ends" not in text


def test_the_list_says_how_long_it_has(browse, ending):
    text = browse("viewer").get("/namespaces/").content.decode()
    assert re.search(r"Deleted in \d+\xa0", text)


@pytest.mark.parametrize(("days", "chosen"), [(1, "1"), (7, "7"), (30, "30")])
def test_it_is_extended_from_now(browse, ending, days, chosen):
    before = now()
    answer = browse("member").post(at(ending, "expiry/"), {"ends": chosen}, follow=True)
    moved = stored_end(ending) - before
    assert timedelta(days=days) <= moved < timedelta(days=days, seconds=30)
    text = answer.content.decode()
    assert "Expiry set to" in text
    assert ("unless extended" in text) == (days == 1)
    assert AuditEvent.objects.get(action="namespace:extend").actor_label.startswith(
        "member@"
    )


def test_never_and_a_day_of_ones_own(browse, ending):
    client = browse()
    day = (now() + timedelta(days=12)).date()
    client.post(at(ending, "expiry/"), {"ends": "date", "ends_on": day.isoformat()})
    assert stored_end(ending) == datetime(
        day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC
    )
    answer = client.post(at(ending, "expiry/"), {"ends": "never"}, follow=True)
    assert "Expiry removed. Revision 3." in answer.content.decode()
    assert stored_end(ending) is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({}, "Choose when it expires."),
        ({"ends": "date"}, "Enter the last day of the namespace."),
        ({"ends": "date", "ends_on": "2001-02-03"}, "Must be at least a minute"),
        ({"ends": "date", "ends_on": "2999-02-03"}, "at most ten years away"),
        ({"ends": "date", "ends_on": "soon"}, "Enter a valid date."),
        ({"ends": "5000"}, "5000 is not one of the available choices."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_with_the_input_kept(
    browse, ending, data, fault
):
    before = stored_end(ending)
    response = browse().post(at(ending, "expiry/"), data)
    assert response.status_code == 422
    text = response.content.decode()
    assert fault in text
    assert text.count('id="faults"') == 1
    if "ends_on" in data:
        assert f'value="{data["ends_on"]}"' in text
        assert '<option value="date" selected>' in text
    assert stored_end(ending) == before


def test_a_member_moves_the_end_to_later_and_never_to_sooner(browse, cast, ending):
    client = browse("member")
    client.post(at(ending, "expiry/"), {"ends": "30"})
    for namespace in (ending, cast.own):
        before = stored_end(namespace)
        response = client.post(at(namespace, "expiry/"), {"ends": "7"})
        assert response.status_code == 403
        text = response.content.decode()
        assert "Only people who can delete the namespace" in text
        assert '<option value="7" selected>' in text
        assert stored_end(namespace) == before
    admin = browse()
    shown = admin.post(at(ending, "expiry/"), {"ends": "7"}, follow=True)
    text = shown.content.decode()
    assert confirm(admin, text, tick=ticks_of(text)).status_code == 303
    assert stored_end(ending) < now() + timedelta(days=8)
    said = AuditEvent.objects.filter(action="namespace:extend").first().summary
    assert said.startswith("Change the expiry from ")


def test_without_an_end_none_is_proposed(browse, cast, ending):
    assert '<option value="never" selected>' in (
        browse().get(at(cast.own, "settings/")).content.decode()
    )
    assert '<option value="7" selected>' in (
        browse().get(at(ending, "settings/")).content.decode()
    )


def test_what_is_protected_stays_and_nobody_says_otherwise(browse, cast):
    kept = make_namespace(
        cast.northlight,
        "kept",
        expires_at=now() - HOUR,
        protected=True,
        **{expiry.WARNED: now() - 3 * HOUR},
    )
    client = browse()
    for page in (at(kept), "/namespaces/", at(kept, "settings/")):
        text = client.get(page).content.decode()
        assert "unless extended" not in text
        assert "Due for deletion" not in text
    assert "Kept after it expires while it is protected" in text


def test_before_the_warning_it_counts_to_an_hour_after_the_next_run(browse, cast):
    late = make_namespace(cast.northlight, "late", expires_at=now() - HOUR)
    found = [
        re.search(r'<time datetime="([^"]+)"[^>]*data-until', page)[1]
        for page in [browse().get(at(late)).content.decode() for _ in range(2)]
    ]
    expected = beat.next_run(expiry.SCHEDULE, now()) + HOUR
    assert found == [f"{expected:%Y-%m-%dT%H:%M:%SZ}"] * 2
    assert "Expired at" in browse().get("/namespaces/").content.decode()


def test_a_silent_store_keeps_the_input(browse, ending, silence):
    client = browse()
    silence("mongodb")
    response = client.post(at(ending, "expiry/"), {"ends": "30"})
    assert response.status_code == 503
    assert '<option value="30" selected>' in response.content.decode()


def test_who_may_not_extend_is_told_why(cast, browse, ending):
    cast.open_sessions()
    for role in ("viewer", "support"):
        client = browse(role)
        assert "can extend it." in client.get(at(ending)).content.decode()
        response = client.post(at(ending, "expiry/"), {"ends": "7"})
        assert response.status_code == 403
        assert "Who can" in response.content.decode()
    assert browse("stranger").post(at(ending, "expiry/")).status_code == 404


def test_a_get_leads_to_the_form(browse, ending):
    response = browse().get(at(ending, "expiry/"))
    assert response.headers["Location"] == at(ending, "settings/") + "#expiry"


# Too many at once --------------------------------------------------------------------


def digest(cast):
    return mass_expiry.held_expiry(cast.northlight).digest


def test_admins_are_asked_on_every_page_of_the_organization(browse, held):
    for path in ("/namespaces/", "/jobs/", "/organization/"):
        text = browse().get(path).content.decode()
        assert "21 namespaces are due at once; nothing was deleted." in text
    assert "due at once" not in browse("member").get("/namespaces/").content.decode()
    text = browse().get("/namespaces/due/").content.decode()
    assert text.count('href="/namespaces/ns_') == len(held)
    assert "Approve deletion" in text
    seen = browse("viewer").get("/namespaces/due/").content.decode()
    assert "Admins of the organization decide." in seen
    assert "Approve deletion" not in seen


def test_nothing_held_is_said_calmly(browse):
    text = browse().get("/namespaces/due/").content.decode()
    assert "Nothing waits for approval in Northlight Media" in text


def test_letting_them_go_needs_the_password_and_deletes_with_the_next_run(
    browse, cast, held
):
    client = browse()
    sent = {"digest": digest(cast)}
    asked = client.post("/namespaces/due/release/", sent)
    assert asked.status_code == 422
    assert "Confirm your password" in asked.content.decode()
    assert ReaperHold.objects.get().released_at is None
    answer = client.post(
        "/namespaces/due/release/", {**sent, step_up.FIELD: PASSWORD}, follow=True
    )
    text = answer.content.decode()
    assert "21 namespaces will be deleted by the next run" in text
    assert "Approve deletion" not in text
    assert AuditEvent.objects.filter(action="namespace:let-expire").exists()
    assert reaper.cleanup_expired_namespaces().deleted == len(held)


def test_all_are_extended_by_a_week(browse, cast, held):
    answer = browse().post(
        "/namespaces/due/extend/", {"digest": digest(cast)}, follow=True
    )
    assert "21 namespaces extended by 7 days." in answer.content.decode()
    assert all(stored_end(n) > now() + timedelta(days=6) for n in held)
    assert reaper.cleanup_expired_namespaces().deleted == 0


def test_a_list_that_others_joined_is_shown_again(sure, cast, held):
    sent = {"digest": digest(cast)}
    make_namespace(
        cast.northlight,
        "one more",
        in_qdrant=False,
        expires_at=now() - HOUR,
        **{expiry.WARNED: now() - 2 * HOUR},
    )
    reaper.cleanup_expired_namespaces()
    response = sure().post("/namespaces/due/release/", sent)
    assert response.status_code == 409
    assert "The list of expired namespaces has changed" in response.content.decode()
    assert ReaperHold.objects.get().released_at is None
