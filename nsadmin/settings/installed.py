"""The applications, and the middleware in the order in which a request passes it."""

from importlib.util import find_spec

from nsadmin.settings.environment import NSADMIN_EMBEDDED

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "nsadmin.apps.CollectedFilesConfig",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "nsadmin.access",
    "nsadmin.audit",
    "nsadmin.backups",
    "nsadmin.jobs",
    "nsadmin.mail",
    "nsadmin.notifications",
    "nsadmin.namespaces",
    "nsadmin.clones",
    "nsadmin.moves",
    "nsadmin.health",
    "nsadmin.advice",
    "nsadmin.templates",
    "nsadmin.comparison",
    "nsadmin.plans",
    "nsadmin.drafts",
    "nsadmin.bulk",
    "nsadmin.reprocessing",
    "nsadmin.search",
    "nsadmin.pages",
    "nsadmin.api",
    "nsadmin.apps.ChecksConfig",
]
if find_spec("onelogin") is not None:  # the extra "saml"
    INSTALLED_APPS.append("allauth.socialaccount.providers.saml")
if NSADMIN_EMBEDDED:
    INSTALLED_APPS.append("nsadmin.embedded")

# Rows are moved to another database in this format.
SERIALIZATION_MODULES = {"jsonl": "nsadmin.backups.jsonl"}

MIDDLEWARE = [
    "nsadmin.access.web.middleware.RequestIdMiddleware",
    "nsadmin.access.web.middleware.NoStoreMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nsadmin.access.web.middleware.RequestLogMiddleware",
    "nsadmin.api.http.middleware.EnvelopeMiddleware",
    "nsadmin.pages.common.middleware.ErrorPageMiddleware",
    "nsadmin.access.web.middleware.ProbeMiddleware",
    "nsadmin.access.web.middleware.HostPortMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "nsadmin.access.web.middleware.SessionEndMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "nsadmin.access.web.middleware.ActorMiddleware",
    "nsadmin.pages.common.middleware.HtmxMiddleware",
]
