"""The routes of members, API keys and service accounts."""

from django.urls import path

from nsadmin.pages.organization.invitations import invitation, new_member
from nsadmin.pages.organization.key_rotation import rotate_key
from nsadmin.pages.organization.keys import keys, made_key, new_key, revoke_key
from nsadmin.pages.organization.members import deactivated_member, member
from nsadmin.pages.organization.service_accounts import (
    new_service_account,
    service_account,
)

people_patterns = [
    path("organization/members/new/", new_member, name="organization_member_new"),
    path("organization/members/<int:member_id>/", member, name="organization_member"),
    path(
        "organization/members/deactivated/<int:member_id>/",
        deactivated_member,
        name="deactivated_member",
    ),
    path(
        "organization/invitations/<int:invitation_id>/",
        invitation,
        name="organization_invitation",
    ),
    path("organization/keys/", keys, name="organization_keys"),
    path("organization/keys/new/", new_key, name="organization_key_new"),
    path(
        "organization/keys/<str:key_id>/made/",
        made_key,
        name="organization_key_made",
    ),
    path(
        "organization/keys/<str:key_id>/revoke/",
        revoke_key,
        name="organization_key_revoke",
    ),
    path(
        "organization/keys/<str:key_id>/rotate/",
        rotate_key,
        name="organization_key_rotate",
    ),
    path(
        "organization/service-accounts/new/",
        new_service_account,
        name="service_account_new",
    ),
    path(
        "organization/service-accounts/<str:account_id>/",
        service_account,
        name="service_account",
    ),
]
