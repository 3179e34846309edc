"""Organizations as the platform runs them: created, limited, suspended; all audited."""

import pytest

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization, User
from nsadmin.access.organization import acceptance, administration
from nsadmin.access.organization.administration import Limits
from nsadmin.access.organization.organizations import command_actor
from nsadmin.access.permissions import Role
from nsadmin.audit.models import AuditEvent
from nsadmin.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Actor:
    """A platform admin of the operator."""
    operator = Organization.objects.create(
        name="Platform Operations", plan="enterprise", is_operator=True
    )
    return command_actor(operator, "test")


@pytest.fixture
def customer() -> Organization:
    """An organization of a customer."""
    return Organization.objects.create(name="Northlight", plan="pro")


def events(organization: Organization) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(organization_id=organization.organization_id)
    return list(rows.order_by("pk").values_list("action", "summary"))


def test_an_organization_is_made_with_a_link_for_its_first_admin(staff: Actor) -> None:
    made, invited = administration.open_organization(
        staff, None, name="Halden", plan="free", admin_email="Ana@example.org"
    )
    assert [action for action, _ in events(made)] == [
        "organization:create",
        "member:invite",
    ]
    acceptance.join_with_new_account(invited.secret, "a-long-enough-password")
    member = made.memberships.get()
    assert (member.user.email, member.role) == ("ana@example.org", Role.ADMIN)
    assert User.objects.get().platform_role == ""


def test_a_form_that_is_sent_twice_makes_one(staff: Actor) -> None:
    def make() -> None:
        administration.open_organization(
            staff,
            None,
            name="Halden",
            plan="free",
            admin_email="a@example.org",
            act_id="op_1",
        )

    make()
    with pytest.raises(Conflict, match="was sent already"):
        make()
    assert Organization.objects.filter(name="Halden").count() == 1


def test_a_bad_address_makes_no_organization(staff: Actor) -> None:
    with pytest.raises(Invalid):
        administration.open_organization(
            staff, None, name="Halden", plan="free", admin_email="a\u202e@example.org"
        )
    assert not Organization.objects.filter(name="Halden").exists()


def test_a_subscription_is_changed_once_and_told(
    staff: Actor, customer: Organization
) -> None:
    assert administration.change_plan(staff, customer, "free") is True
    assert administration.change_plan(staff, customer, "free") is False
    assert events(customer) == [
        ("organization:subscription", "Change the subscription from pro to free.")
    ]
    change = AuditEvent.objects.get().changes[0]
    assert (change["before"], change["after"]) == ("pro", "free")
    with pytest.raises(Invalid):
        administration.change_plan(staff, customer, "platinum")


def test_limits_are_set_and_taken_back(staff: Actor, customer: Organization) -> None:
    assert administration.set_limits(staff, customer, Limits(3, None)) is True
    assert administration.set_limits(staff, customer, Limits(3, None)) is False
    assert administration.set_limits(staff, customer, Limits(None, 4)) is True
    customer.refresh_from_db()
    assert (customer.namespace_limit, customer.job_limit) == (None, 4)
    assert [summary for _, summary in events(customer)] == [
        "Set limits: namespace limit 3.",
        "Set limits: namespace limit as in the subscription, job limit 4.",
    ]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (Limits(-1, None), "namespace_limit"),
        (Limits(10**7, None), "namespace_limit"),
        (Limits(None, 0), "job_limit"),
        (Limits(None, 101), "job_limit"),
    ],
)
def test_limits_out_of_range_are_refused(
    staff: Actor, customer: Organization, limits: Limits, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        administration.set_limits(staff, customer, limits)
    assert list(caught.value.errors) == [field]
    assert events(customer) == []


def test_a_suspension_needs_a_reason_and_ends(
    staff: Actor, customer: Organization
) -> None:
    for bad in ("", "  ", "x" * 501, "a\u202eb"):
        with pytest.raises(Invalid):
            administration.suspend(staff, customer, bad)
    administration.suspend(staff, customer, " Unpaid\r\nsince  May. ")
    with pytest.raises(Conflict, match="suspended already"):
        administration.suspend(staff, customer, "Again.")
    administration.resume(staff, customer)
    with pytest.raises(Conflict, match="not suspended"):
        administration.resume(staff, customer)
    customer.refresh_from_db()
    assert (customer.suspended_at, customer.suspension_reason) == (None, "")
    assert events(customer) == [
        ("organization:suspend", "Suspend the organization: Unpaid since May."),
        ("organization:resume", "End the suspension."),
    ]


def test_the_operator_is_never_suspended(staff: Actor) -> None:
    operator = administration.find(staff.organization_id)
    with pytest.raises(Conflict, match="runs the platform"):
        administration.suspend(staff, operator, "A reason.")


def test_an_unknown_organization_is_not_found() -> None:
    with pytest.raises(NotFound):
        administration.find("org_nobody")
