"""The addresses of single sign-on, below /accounts/.

Those of SAML are there where its extra is installed.
"""

from importlib.util import find_spec

from django.urls import path

from nsadmin.access.sso.views import callback, confirm, start

sso_patterns = [
    path("sso/<str:provider_id>/start/", start, name="sso_start"),
    path("sso/<str:provider_id>/confirm/", confirm, name="sso_confirm_at"),
    # allauth knows it by this name.
    path("sso/<str:provider_id>/callback/", callback, name="openid_connect_callback"),
]
if find_spec("onelogin") is not None:
    from nsadmin.access.sso.saml_views import acs, finish, metadata

    sso_patterns += [
        path("sso/<str:provider_id>/acs/", acs, name="saml_acs"),
        path("sso/<str:provider_id>/acs/finish/", finish, name="saml_finish"),
        path("sso/<str:provider_id>/metadata/", metadata, name="saml_metadata"),
    ]
