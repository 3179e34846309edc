"""Users, organizations, memberships, invitations, API keys and support sessions."""

from nsadmin.access.models.invitations import Invitation
from nsadmin.access.models.keys import PURPOSE_MAX, ApiKey, ServiceAccount
from nsadmin.access.models.organizations import (
    NAME_MAX,
    Organization,
    Plan,
    name_key_of,
    new_internal_id,
    new_organization_id,
    token,
)
from nsadmin.access.models.sign_in_places import SignInPlace
from nsadmin.access.models.support_sessions import SupportSession
from nsadmin.access.models.users import (
    DeactivatedMember,
    Membership,
    User,
    UserManager,
)

__all__ = [
    "NAME_MAX",
    "PURPOSE_MAX",
    "ApiKey",
    "DeactivatedMember",
    "Invitation",
    "Membership",
    "Organization",
    "Plan",
    "ServiceAccount",
    "SignInPlace",
    "SupportSession",
    "User",
    "UserManager",
    "name_key_of",
    "new_internal_id",
    "new_organization_id",
    "token",
]
