"""Pages of support sessions: asking, deciding, ending; the band and the notes."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from nsadmin.access.models import Organization, SupportSession
from nsadmin.access.web.middleware import ORGANIZATION_SESSION_KEY
from tests.cast import Cast
from tests.pages.conftest import HTMX
from tests.people import PASSWORD

Browse = Callable[[str], Client]


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def form(cast: Cast, **more: str) -> dict[str, str]:
    return {
        "organization": cast.northlight.organization_id,
        "reason": "Films are missing.",
        "ticket": "NL-2291",
        "minutes": "60",
        **more,
    }


def with_approval(cast: Cast) -> None:
    rows = Organization.objects.filter(pk=cast.northlight.pk)
    rows.update(support_needs_approval=True)


def decide(admin: Client, act: str, session: SupportSession | None = None) -> str:
    sent = {"act": act, "session_id": session.session_id if session else ""}
    response = admin.post("/organization/support/", sent, follow=True)
    return text_of(response)


def test_support_asks_looks_and_leaves(cast: Cast, browse: Browse) -> None:
    support = browse("support")
    at = f"/namespaces/{cast.own.namespace_id}/"
    missing = support.get(at)
    assert missing.status_code == 404
    assert "This page needs a support session" in missing.content.decode()
    unknown = support.get("/namespaces/ns_unknown/")
    assert unknown.status_code == 404
    assert "This page needs a support session" in unknown.content.decode()
    assert "No session is running" in text_of(support.get("/support/"))

    text = text_of(support.post("/support/new/", form(cast), follow=True))
    assert "You see Northlight Media for" in text
    assert cast.own.name in text  # it leads to the customer's list
    assert "ticket NL-2291" in text
    text = text_of(support.get(at))
    assert 'aria-label="Support session for Northlight Media"' in text
    assert "59 min" in text
    assert "read only" in text
    assert "have access to" in text_of(
        support.get(f"/namespaces/{cast.system.namespace_id}/")
    )

    session = SupportSession.objects.get()
    response = support.post(f"/support/{session.session_id}/end/", follow=True)
    text = text_of(response)
    assert text.count("has ended") == 1
    assert "Support session for" not in text
    assert support.get(at).status_code == 404


def test_the_form_is_filled_in_and_keeps_its_input(cast: Cast, browse: Browse) -> None:
    support = browse("support")
    wanted = cast.northlight.organization_id
    text = text_of(support.get(f"/support/new/?organization={wanted}"))
    assert 'value="Northlight Media"' in text
    assert "Halden" not in text
    operators = f"/support/new/?organization={cast.operator.organization_id}"
    assert f'value="{cast.operator.name}"' not in text_of(support.get(operators))
    response = support.post("/support/new/", form(cast, reason="", ticket="NL-1"))
    assert response.status_code == 422
    kept = response.content.decode()
    assert "Say why you need access" in kept
    assert 'value="NL-1"' in kept
    for unknown in ("org_x", "northlight"):
        refused = support.post("/support/new/", form(cast, organization=unknown))
        assert refused.status_code in (404, 422), unknown
        assert "There is no such organization." in refused.content.decode()
        assert f'value="{unknown}"' in refused.content.decode()
    for path in ("/support/new/", "/support/break-glass/"):
        own = browse("platform_admin").post(
            path, form(cast, organization=cast.operator.name)
        )
        assert own.status_code == 422
        assert f"{cast.operator.name} is your own organization." in own.content.decode()
        assert "There is no such organization" not in own.content.decode()
    assert not SupportSession.objects.exists()


def test_a_name_is_as_good_as_an_id(cast: Cast, browse: Browse) -> None:
    support = browse("support")
    near = support.post("/support/new/", form(cast, organization="northlight"))
    assert "Did you mean Northlight Media?" in near.content.decode()
    sent = form(cast, organization=" NORTHLIGHT media ")
    text = text_of(support.post("/support/new/", sent, follow=True))
    assert "You see Northlight Media for" in text
    assert SupportSession.objects.get().organization == cast.northlight


def test_a_second_session_is_refused_in_the_form(cast: Cast, browse: Browse) -> None:
    cast.open_session("support", cast.northlight)
    response = browse("support").post("/support/new/", form(cast))
    assert response.status_code == 409
    assert "is running. End it before" in response.content.decode()


def test_an_admin_approves_and_ends(cast: Cast, browse: Browse) -> None:
    support, admin = browse("support"), browse("admin")
    assert "No support session is open" in text_of(admin.get("/organization/support/"))
    assert "Support sessions need" in decide(admin, "require")
    assert "approve it first" in text_of(
        support.post("/support/new/", form(cast), follow=True)
    )
    assert "asks to see Northlight Media" in text_of(admin.get("/jobs/"))
    text = text_of(admin.get("/organization/support/"))
    assert "Films are missing." in text
    assert "NL-2291" in text
    session = SupportSession.objects.get()
    assert "has access now" in decide(admin, "approve", session)

    assert support.get(f"/namespaces/{cast.own.namespace_id}/").status_code == 200
    text = text_of(admin.get("/organization/support/"))
    assert f"?session={session.session_id}" in text
    assert "1 page, 0 documents" in text
    assert "of support sees" in text_of(
        admin.get(f"/namespaces/{cast.own.namespace_id}/")
    )
    seen = text_of(admin.get(f"/organization/audit/?session={session.session_id}"))
    assert "Support viewed the overview of namespace" in seen

    assert "has ended" in decide(admin, "end", session)
    assert support.get(f"/namespaces/{cast.own.namespace_id}/").status_code == 404
    assert "Ended early" in text_of(admin.get("/organization/support/"))


def test_an_admin_refuses(cast: Cast, browse: Browse) -> None:
    with_approval(cast)
    session = cast.open_session("support", cast.northlight)
    admin = browse("admin")
    assert "You refused" in decide(admin, "refuse", session)
    assert "does not wait for a decision any more" in decide(admin, "approve", session)
    assert "Refused" in text_of(browse("support").get("/support/"))


def test_members_are_told_of_an_emergency_alone(cast: Cast, browse: Browse) -> None:
    member, platform = browse("member"), browse("platform_admin")
    cast.open_session("support", cast.northlight)
    assert "of support sees" not in text_of(member.get("/namespaces/"))
    with_approval(cast)
    given = cast.northlight.organization_id
    text = text_of(platform.get(f"/support/new/?organization={given}"))
    assert "/support/break-glass/" in text

    path, sent = "/support/break-glass/", form(cast, name="Northlight Media")
    asked = platform.post(path, sent)
    assert asked.status_code == 422
    assert "Confirm your password" in asked.content.decode()
    sent["step_up_password"] = PASSWORD
    wrong = platform.post(path, {**sent, "name": "Northlight"})
    assert wrong.status_code == 422
    assert "Type Northlight Media to confirm." in wrong.content.decode()
    assert "You see Northlight Media" in text_of(platform.post(path, sent, follow=True))

    loud = "opened Northlight Media without an admin's approval."
    assert loud in text_of(member.get("/namespaces/")).replace("&#x27;", "'")
    admin = browse("admin")
    assert loud in text_of(admin.get("/jobs/")).replace("&#x27;", "'")
    session = SupportSession.objects.get(is_break_glass=True)
    decide(admin, "end", session)
    assert loud not in text_of(member.get("/namespaces/")).replace("&#x27;", "'")
    assert loud in text_of(admin.get("/jobs/")).replace("&#x27;", "'")
    decide(admin, "acknowledge", session)
    assert loud not in text_of(admin.get("/jobs/")).replace("&#x27;", "'")


def test_a_platform_admin_who_looks_decides_nothing(cast: Cast, browse: Browse) -> None:
    session = cast.open_session("platform_admin", cast.northlight)
    platform = browse("platform_admin")
    kept = platform.session
    kept[ORGANIZATION_SESSION_KEY] = cast.northlight.organization_id
    kept.save()
    text = text_of(platform.get("/organization/support/"))
    assert "End now" not in text
    assert "Require an approval first" not in text
    for act in ("require", "approve", "end"):
        sent = {"act": act, "session_id": session.session_id}
        assert platform.post("/organization/support/", sent).status_code == 403


def test_an_unknown_decision_is_refused(cast: Cast, browse: Browse) -> None:
    admin = browse("admin")
    assert admin.post("/organization/support/", {"act": "own"}).status_code == 422


def test_the_lists_cost_the_same_however_long_they_are(
    cast: Cast, browse: Browse
) -> None:
    admin, support = browse("admin"), browse("support")
    counts = []
    for _ in range(3):
        session = cast.open_session("support", cast.northlight)
        counts.append(
            [_queries(admin, "/organization/support/"), _queries(support, "/support/")]
        )
        support.post(f"/support/{session.session_id}/end/")
    assert counts[1] == counts[2]


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    return len(caught)


def test_who_was_ended_reads_why_and_no_name_of_the_customer(
    cast: Cast, browse: Browse
) -> None:
    session = cast.open_session("support", cast.northlight)
    decide(browse("admin"), "end", session)
    support = browse("support")
    missing = support.get(f"/namespaces/{cast.own.namespace_id}/")
    assert missing.status_code == 404
    text = " ".join(missing.content.decode().split())
    assert "Your support session has ended" in text
    assert "There is no such namespace." not in text
    assert f"/support/new/?organization={cast.northlight.organization_id}" in text
    assert "Your session for Northlight Media ended at" in text
    assert "the organization ended it." in text
    for html in (text, text_of(support.get("/support/"))):
        assert cast.users["admin"].email not in html
        assert str(cast.users["admin"]) not in html
    # A part of a page that is still open takes the rest of it along.
    part = support.get(f"/namespaces/{cast.own.namespace_id}/health/", headers=HTMX)
    assert (part.status_code, part.headers["HX-Refresh"]) == (404, "true")
    member = browse("stranger").get(f"/namespaces/{cast.own.namespace_id}/")
    assert "Your session" not in member.content.decode()
    assert "There is no such namespace." in member.content.decode()


def test_several_sessions_are_told_in_one_note(cast: Cast, browse: Browse) -> None:
    admin = browse("admin")
    cast.open_session("support", cast.northlight)
    text = text_of(admin.get("/namespaces/"))
    assert "of support sees Northlight Media" in text
    cast.open_session("platform_admin", cast.northlight)
    text = text_of(admin.get("/namespaces/"))
    assert "2 people of support see Northlight Media" in text
    assert text.count('aria-label="Support session"') == 1
