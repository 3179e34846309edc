"""A clone in another organization, where that requires a second person."""

import pytest
from pydantic import SecretStr

from nsadmin.access.models import Membership, User
from nsadmin.access.organization.organizations import actor_of_user
from nsadmin.access.permissions import Role
from nsadmin.clones import start
from nsadmin.clones.request import CloneRequest
from nsadmin.clones.target import DedicatedTarget
from nsadmin.errors import Conflict
from nsadmin.plans import copying, finding, service
from nsadmin.plans.copying import CloneChange
from nsadmin.plans.shown import needed_ticks
from tests.people import PASSWORD
from tests.plans.conftest import person, require_two


def across(cast, **more) -> CloneRequest:
    theirs = cast.halden.organization_id
    return CloneRequest("staging", source_organization_id=theirs, **more)


@pytest.fixture
def colleague(cast):
    """Another platform admin, who sees Halden's data too."""
    user = User.objects.create_user(
        "second@platform.example", PASSWORD, platform_role=Role.PLATFORM_ADMIN
    )
    Membership.objects.create(user=user, organization=cast.operator, role="admin")
    cast.users["colleague"] = user
    cast.open_sessions("platform_admin", "colleague")
    return user


def test_two_of_the_platform_make_it_together(cast, colleague):
    require_two(cast.halden, "across")
    maker, own_id = person(cast, "platform_admin"), cast.foreign.namespace_id
    with pytest.raises(Conflict) as refusal:
        start.launch(maker, own_id, across(cast))
    assert refusal.value.code == "second_person_required"
    saved = service.keep(
        maker,
        own_id,
        CloneChange(across(cast), cast.operator.organization_id),
        source="form",
    )
    ticks = needed_ticks(service.preview_again(maker, saved).plan)
    assert len(ticks) == 1, "the clone goes to another organization"
    with pytest.raises(Conflict) as refusal:
        service.confirm(maker, saved, ticks=ticks)
    assert refusal.value.code == "second_person_required"
    other = actor_of_user(colleague, None)
    assert other is not None
    assert service.confirm(other, saved, ticks=ticks).task_id
    assert finding.find(other, own_id, saved.plan_id).is_confirmed


def test_naming_ones_own_organization_needs_no_second(cast):
    require_two(cast.northlight, "across")
    own = cast.northlight.organization_id
    request = CloneRequest("staging", source_organization_id=own)
    assert start.launch(cast.actor(), cast.own.namespace_id, request).job


def test_the_second_reads_where_the_points_go(cast, colleague):
    place = {
        "compute_tier": "dedicated_cpu",
        "qdrant_url": "https://elsewhere.example:6333",
        "qdrant_api_key": SecretStr("canary"),
    }
    wanted = across(cast, target=DedicatedTarget(place))
    change = CloneChange(wanted, cast.operator.organization_id)
    data, secret = copying.written(change)
    assert "canary" not in str(data)
    assert copying.read(data, secret) == change
