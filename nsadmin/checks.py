"""System checks of the settings that are required to serve requests."""

import base64
import binascii
from importlib.util import find_spec
from typing import Any

import structlog
from django.conf import settings
from django.core.checks import (
    CheckMessage,
    Error,
    Info,
    Warning,  # noqa: A004 - the name that Django gives it
    register,
    run_checks,
)
from django.core.exceptions import ImproperlyConfigured

from nsadmin import store_checks
from nsadmin.access.providers import configured
from nsadmin.access.providers.definition import SamlProvider
from nsadmin.access.providers.reading import UnreadableProviders
from nsadmin.observability import extras
from nsadmin.stores import peppers, ssrf_guard, webhook

logger = structlog.get_logger(__name__)

TAG = "nsadmin"
_E004 = "nsadmin.E004"
_E005 = "nsadmin.E005"

REQUIRED = {
    "NSADMIN_SECRET_KEY": "50 or more random characters; signs cookies",
    "NSADMIN_KEY_PEPPER": "32 or more random characters; keys the hashes of API keys; "
    "several with commas, each so long",
    "NSADMIN_SEAL_KEYS": "id:base64 of 32 random bytes; seals stored secrets",
    "NSADMIN_MONGODB_URL": "MongoDB, such as mongodb://host:27017/nsadmin",
    "NSADMIN_QDRANT_URL": "the shared Qdrant cluster, such as http://host:6333",
    "NSADMIN_REDIS_URL": "broker, cache and counters, such as redis://host:6379/0",
    "NSADMIN_ALLOWED_HOSTS": "the host names of the pages, separated by commas",
    "DATABASE_URL": "users, jobs, audit, mirror, such as postgres://user@host/nsadmin",
}
_SHORTEST = {
    "NSADMIN_SECRET_KEY": 50,
    "NSADMIN_KEY_PEPPER": 32,
    "NSADMIN_METRICS_KEY": 32,
}


# {environment variable: setting} where the names differ.
_NAMES = {
    "DATABASE_URL": "NSADMIN_DATABASE_URL",
    "NSADMIN_ALLOWED_HOSTS": "ALLOWED_HOSTS",
}


def _value(name: str) -> Any:
    return getattr(settings, _NAMES.get(name, name))


def _shortest_part(name: str, value: Any) -> int:
    """Return the length of a value; of the shortest where it lists peppers."""
    parts = peppers.peppers() if name == "NSADMIN_KEY_PEPPER" else [value]
    return min((len(part) for part in parts), default=0)


@register(TAG)
def required_settings(**_kwargs: Any) -> list[CheckMessage]:
    """E001 for each required setting that is empty, E002 for each that is too short."""
    found: list[CheckMessage] = []
    for name, meaning in REQUIRED.items():
        value = _value(name)
        if name in settings.NSADMIN_REFUSED:
            continue  # it is set
        if not value:
            found.append(Error(f"{name} is not set.", hint=meaning, id="nsadmin.E001"))
        elif _shortest_part(name, value) < _SHORTEST.get(name, 0):
            found.append(
                Error(f"{name} is too short.", hint=meaning, id="nsadmin.E002")
            )
    return found


@register(TAG)
def metrics_key(**_kwargs: Any) -> list[CheckMessage]:
    """E008 for a key of the metrics that could be guessed."""
    key = settings.NSADMIN_METRICS_KEY
    if not key or len(key) >= _SHORTEST["NSADMIN_METRICS_KEY"]:
        return []
    message = "NSADMIN_METRICS_KEY is too short."
    hint = "32 or more random characters; the bearer key of /metrics"
    return [Error(message, hint=hint, id="nsadmin.E008")]


@register(TAG)
def seal_keys(**_kwargs: Any) -> list[CheckMessage]:
    """E003 for each entry of NSADMIN_SEAL_KEYS that is not id:base64 of 32 bytes."""
    found: list[CheckMessage] = []
    for number, entry in enumerate(settings.NSADMIN_SEAL_KEYS, start=1):
        key_id, _, encoded = entry.partition(":")
        try:
            size = len(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            size = 0
        if not key_id or size != 32:
            hint = REQUIRED["NSADMIN_SEAL_KEYS"]
            message = f"Entry {number} of NSADMIN_SEAL_KEYS is malformed."
            found.append(Error(message, hint=hint, id="nsadmin.E003"))
    return found


@register(TAG, deploy=True)
def session_ends(**_kwargs: Any) -> list[CheckMessage]:
    """W011 where every session has ended before it could end without activity."""
    if settings.NSADMIN_SESSION_IDLE_S <= settings.NSADMIN_SESSION_MAX_S:
        return []
    message = "NSADMIN_SESSION_IDLE_S is larger than NSADMIN_SESSION_MAX_S."
    hint = "The first has no effect then: set it to fewer seconds than the second."
    return [Warning(message, hint=hint, id="nsadmin.W011")]


@register(TAG, deploy=True)
def preloaded_host(**_kwargs: Any) -> list[CheckMessage]:
    """W010 where HSTS asks for preloading but leaves out the subdomains."""
    if settings.NSADMIN_HSTS_SUBDOMAINS or not settings.NSADMIN_HSTS_PRELOAD:
        return []
    message = "NSADMIN_HSTS_PRELOAD has no effect without NSADMIN_HSTS_SUBDOMAINS."
    hint = "Lists of preloaded hosts take a host only together with its subdomains."
    return [Warning(message, hint=hint, id="nsadmin.W010")]


@register(TAG, deploy=True)
def job_slots(**_kwargs: Any) -> list[CheckMessage]:
    """W004 for each subscription whose organizations could run no job at all."""
    return [
        Warning(
            f"NSADMIN_JOB_SLOTS of the plan {plan} is {number}, so no job would run.",
            hint="Set 1 or more; fewer than the workers of the queue “jobs”.",
            id="nsadmin.W004",
        )
        for plan, number in settings.NSADMIN_JOB_SLOTS.items()
        if number < 1
    ]


@register(TAG, deploy=True)
def web_server(**_kwargs: Any) -> list[CheckMessage]:
    """W005 if Django takes larger bodies than the web server, and I001 about another.

    Which web server runs cannot be seen from here, so I001 states what it has to do.
    """
    found: list[CheckMessage] = []
    largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if largest is None or largest > settings.MAX_BODY_BYTES:
        message = "DATA_UPLOAD_MAX_MEMORY_SIZE is larger than the web server's limit."
        hint = f"Set {settings.MAX_BODY_BYTES} bytes or fewer."
        found.append(Warning(message, hint=hint, id="nsadmin.W005"))
    found.append(
        Info(
            "Serve with `nsadmin serve`: it reads each request whole before "
            "a thread takes it, within a time limit.",
            hint="Another server needs a proxy in front that buffers requests, or slow "
            "uploads stop it; in nginx that is proxy_request_buffering, on by default.",
            id="nsadmin.I001",
        )
    )
    return found


@register(TAG, deploy=True)
def metrics_together(**_kwargs: Any) -> list[CheckMessage]:
    """W006 for metrics of which each process would tell its own part alone."""
    is_told = settings.NSADMIN_METRICS_KEY or settings.NSADMIN_METRICS_PORT
    name = "NSADMIN_METRICS_DIR"
    is_set = settings.NSADMIN_METRICS_DIR or name in settings.NSADMIN_REFUSED
    if not is_told or is_set:
        return []
    return [
        Warning(
            f"{name} is not set, so each process tells its own counts.",
            hint="Set a folder that the processes share, empty when they start.",
            id="nsadmin.W006",
        )
    ]


@register(TAG)
def extras_installed(**_kwargs: Any) -> list[CheckMessage]:
    """E006 for each setting whose extra of the package is not installed."""
    return [
        Error(
            f"{extra.setting} is set, but the extra “{extra.name}” is not installed.",
            hint=f"pip install nsadmin[{extra.name}], or unset it",
            id="nsadmin.E006",
        )
        for extra in extras.missing()
    ]


@register(TAG)
def identity_providers(**_kwargs: Any) -> list[CheckMessage]:
    """E040 for each fault of NSADMIN_SSO, E041 for SAML without its extra."""
    hint = "docs/single-sign-on.md describes the setting"
    try:
        found = configured.loaded()
    except UnreadableProviders as error:
        return [Error(each, hint=hint, id="nsadmin.E040") for each in error.faults]
    is_missing = find_spec("onelogin") is None
    if is_missing and any(each.kind == "saml" for each in found):
        message = "NSADMIN_SSO has a provider of SAML, but the extra is not installed."
        hint = "pip install nsadmin[saml]"
        return [Error(message, hint=hint, id="nsadmin.E041")]
    return [
        Error(
            f"The metadata of {each.id} in NSADMIN_SSO cannot be used.",
            hint="It has to name an entity, an address of HTTP-Redirect and a key.",
            id="nsadmin.E040",
        )
        for each in found
        if each.kind == "saml" and not _is_usable(each)
    ]


def _is_usable(provider: SamlProvider) -> bool:
    """Tell whether metadata can be used; that of an address is not fetched here."""
    # They need the registry of apps, which who asks for REQUIRED alone may not have.
    from nsadmin.access.sso import saml_metadata
    from nsadmin.access.sso.refusal import UntrustedAnswer

    if provider.metadata is None:
        return True
    try:
        saml_metadata.of(provider)
    except UntrustedAnswer:
        return False
    return True


@register(TAG)
def cluster_hosts(**_kwargs: Any) -> list[CheckMessage]:
    """E004 for each entry of the lists of hosts that names no organization."""
    hint = "host:port=org_…, or host:port=* for every organization"
    lists = {
        "NSADMIN_CLUSTER_HOSTS": settings.NSADMIN_CLUSTER_HOSTS,
        "NSADMIN_WEBHOOK_HOSTS": settings.NSADMIN_WEBHOOK_HOSTS,
    }
    return [
        Error(f"{entry!r} in {name} is malformed.", hint=hint, id=_E004)
        for name, entries in lists.items()
        for entry in entries
        if ssrf_guard.listed_organizations(entry) is None
    ]


@register(TAG)
def reprocess_webhook(**_kwargs: Any) -> list[CheckMessage]:
    """E005 for an address of the webhook that is not https, and for a bad secret."""
    url = settings.NSADMIN_REPROCESS_WEBHOOK_URL
    if not url:
        return []
    found: list[CheckMessage] = []
    if not webhook.is_address(url, insecure=settings.NSADMIN_INSECURE_HTTP):
        message = "NSADMIN_REPROCESS_WEBHOOK_URL is not a URL with https."
        hint = "such as https://platform.example/hooks/reprocess"
        found.append(Error(message, hint=hint, id=_E005))
    if webhook.key_of(settings.NSADMIN_REPROCESS_WEBHOOK_SECRET) is None:
        message = "NSADMIN_REPROCESS_WEBHOOK_SECRET is missing or malformed."
        hint = "whsec_ and base64 of 24 to 64 random bytes"
        found.append(Error(message, hint=hint, id=_E005))
    return found


def refuse_to_serve_unready() -> None:
    """Run the system checks; raise ImproperlyConfigured with all their errors.

    A warning is logged. Web servers and workers call this, because they run no checks
    by themselves.
    """
    found = [*run_checks(tags=[TAG]), *store_checks.redis_server()]
    faults = [m for m in found if m.is_serious()]
    for warning in found:
        if not warning.is_serious():
            logger.warning("check", id=warning.id, message=warning.msg)
    if faults:
        listed = " ".join(f"{m.msg} ({m.hint})" for m in faults)
        raise ImproperlyConfigured(listed)
