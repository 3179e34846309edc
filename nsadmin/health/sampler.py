"""The slow sample: every namespace is looked at now and then, watched or not.

A cluster that is silent for one namespace is silent for all of its namespaces, and is
not asked again in the same round.
"""

from django.utils import timezone

from nsadmin.health import drifting
from nsadmin.namespaces import document, observe
from nsadmin.stores.mongo import namespaces as store

_AGE_S = 8
_TIMEOUT_S = 1.0


def sample() -> int:
    """Renew every look older than 8 s; return how many namespaces answered."""
    began = timezone.now()
    answered = 0
    silent: dict[str, str] = {}
    for raw in store.every():
        if document.is_leaving(raw):
            continue
        namespace = document.read(raw)
        is_shared = namespace.tier == "shared"
        cluster = "" if is_shared else str(namespace.infrastructure.get("qdrant_url"))
        if cluster in silent:
            observe.note_silence(namespace.namespace_id, silent[cluster])
            continue
        found = observe.snapshot(namespace, wait_s=_TIMEOUT_S, max_age_s=_AGE_S)
        answered += bool(found and found.ok)
        if found is not None and not found.ok:
            silent[cluster] = found.error
        elif found is not None and found.taken_at >= began:
            drifting.look(namespace, found)
    return answered
