"""The routes of one's own account."""

from django.urls import path

from nsadmin.pages.account.factors import passkeys, second_factor
from nsadmin.pages.account.leaving import leave
from nsadmin.pages.account.notifications import account_notifications
from nsadmin.pages.account.own_name import own_name
from nsadmin.pages.account.profile import account, switch, theme
from nsadmin.pages.account.sessions import (
    end_other_sessions,
    end_signed_in_session,
    sessions,
)
from nsadmin.pages.account.single_sign_on import confirm_at_provider, single_sign_on

account_patterns = [
    path("account/", account, name="account"),
    path("account/name/", own_name, name="own_name"),
    # allauth leads to these two by its own names for them.
    path("account/second-factor/", second_factor, name="mfa_index"),
    path("account/passkeys/", passkeys, name="mfa_list_webauthn"),
    path("account/sessions/", sessions, name="sessions"),
    path(
        "account/notifications/",
        account_notifications,
        name="account_notifications",
    ),
    path(
        "account/sessions/end-others/",
        end_other_sessions,
        name="sessions_end_others",
    ),
    path(
        "account/sessions/<int:session_pk>/end/",
        end_signed_in_session,
        name="session_end",
    ),
    path(
        "account/organizations/<str:organization_id>/leave/",
        leave,
        name="organization_leave",
    ),
    path("accounts/sso/", single_sign_on, name="single_sign_on"),
    path("accounts/sso/confirm/", confirm_at_provider, name="sso_confirm"),
    path("organization/switch/", switch, name="switch"),
    path("theme/", theme, name="theme"),
]
