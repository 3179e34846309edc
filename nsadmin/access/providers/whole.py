"""What more than one field of NSADMIN_SSO decides, or a file that a field names.

It is told of the entries as they were written, so that a wrong field hides no other
fault. A message never repeats a value that may be secret.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from nsadmin.access.providers.definition import (
    MOST_SECRET,
    content,
    is_domain,
    is_provider_id,
    origin_of,
)

# {kind: the two fields of which one says where the provider's secret or metadata are}
_EITHER = {
    "oidc": ("client_secret", "client_secret_file"),
    "saml": ("metadata_file", "metadata_url"),
}
_ADDRESSES = {"oidc": "server_url", "saml": "metadata_url"}


def faults(listed: object, *, insecure: bool) -> Iterator[str]:
    """Yield a sentence for each fault; `insecure` allows addresses with plain http."""
    found = listed if isinstance(listed, list) else []
    entries = {n: each for n, each in enumerate(found) if isinstance(each, dict)}
    for number, entry in entries.items():
        said = [*_sources(entry), *_plain(entry, insecure=insecure)]
        yield from (f"NSADMIN_SSO[{number}]{each}." for each in said)
    yield from _twice(list(entries.values()))


def _sources(entry: dict[str, Any]) -> Iterator[str]:
    """Say where not one of two fields is given, or the file of one cannot be used."""
    either = _either(entry)
    given = [name for name in either if _text(entry, name)]
    if either and len(given) != 1:
        yield f": needs {' or '.join(either)}, not both"
    for name in given:
        if name.endswith("_file"):
            try:
                found = content(entry[name]).strip()
            except ValueError as error:
                yield f".{name}: {error}"
                continue
        else:
            found = entry[name]
        if name.startswith("client_secret") and not 1 <= len(found) <= MOST_SECRET:
            yield f".{name}: is empty or longer than {MOST_SECRET} characters"


def _plain(entry: dict[str, Any], *, insecure: bool) -> Iterator[str]:
    """Say which addresses are not https, or no addresses at all."""
    name = _ADDRESSES.get(_text(entry, "kind"), "")
    address = _text(entry, name).strip()
    if address and not _is_secure(origin_of(address), insecure=insecure):
        yield f".{name}: is not a URL with https"
    origins = entry.get("origins")
    listed = origins if isinstance(origins, list) else []
    for number, each in enumerate(listed):
        # What is no origin is a fault of its field.
        origin = origin_of(each) if isinstance(each, str) else ""
        if origin and not _is_secure(origin, insecure=insecure):
            yield f".origins[{number}]: is not a URL with https"


def _is_secure(origin: str, *, insecure: bool) -> bool:
    return origin.startswith("https://") or (insecure and bool(origin))


def _twice(entries: list[dict[str, Any]]) -> Iterator[str]:
    """Say which ids and domains are given to more than one provider."""
    ids = Counter(_text(each, "id") for each in entries)
    for provider_id, count in ids.items():
        if count > 1 and is_provider_id(provider_id):
            yield f"NSADMIN_SSO has the id {provider_id} twice."
    domains = Counter(domain for each in entries for domain in _domains(each))
    for domain, count in domains.items():
        if count > 1 and is_domain(domain):
            yield f"NSADMIN_SSO binds the domain {domain} twice."


def _domains(entry: dict[str, Any]) -> Iterator[str]:
    rules = entry.get("domains")
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, dict):
            yield _text(rule, "domain").strip().lower()


def _either(entry: dict[str, Any]) -> tuple[str, ...]:
    return _EITHER.get(_text(entry, "kind"), ())


def _text(entry: dict[str, Any], name: str) -> str:
    """Return a field that is a text; "" for another one."""
    value = entry.get(name)
    return value if isinstance(value, str) else ""
