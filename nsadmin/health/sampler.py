"""The slow sample: every namespace is looked at now and then, watched or not."""

from nsadmin.namespaces import document, observe
from nsadmin.stores.mongo import namespaces as store

_AGE_S = 25
_TIMEOUT_S = 1.0


def sample() -> int:
    """Renew every look older than 25 s; return how many namespaces answered."""
    answered = 0
    for raw in store.every():
        namespace = document.read(raw)
        found = observe.snapshot(namespace, wait_s=_TIMEOUT_S, max_age_s=_AGE_S)
        answered += bool(found and found.ok)
    return answered
