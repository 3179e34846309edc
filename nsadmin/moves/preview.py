"""What a move would take: the way of its points, bytes, disk, time, lost settings."""

from dataclasses import dataclass

from django.conf import settings as django_settings

from nsadmin.errors import NsadminError
from nsadmin.moves.context import site_of
from nsadmin.namespaces.change.commit import Preview
from nsadmin.stores.qdrant import collections
from nsadmin.transfer import choice, ways
from nsadmin.transfer.choice import Choice
from nsadmin.transfer.site import Site
from nsadmin.transfer.target_settings import kept_settings


@dataclass(frozen=True, slots=True)
class Forecast:
    """A move before it starts; `choice` is how its points would be transferred.

    None where the collection is there already and is only compared, because an earlier
    move left it behind. `losses` are sentences about settings that the new cluster
    cannot keep. The old collection is kept for `fallback_days`.
    """

    choice: Choice | None
    losses: list[str]
    fallback_days: int


def forecast(preview: Preview) -> Forecast | None:
    """Return what the move of a preview would take; reads both clusters.

    None for a change that moves no points, or while a cluster does not answer.
    """
    wanted = preview.wanted
    if wanted is None or not preview.moves_points:
        return None
    namespace = preview.view.namespace
    try:
        source, target = site_of(namespace), site_of(wanted)
        losses = _losses(source, target)
        chosen = None
        if not preview.is_back:
            rates = choice.measured_rates(target.cluster)
            chosen = choice.preview(source, target, ways.allowed(), rates=rates)
    except NsadminError:
        return None
    return Forecast(chosen, losses, django_settings.NSADMIN_MOVE_FALLBACK_DAYS)


def _losses(source: Site, target: Site) -> list[str]:
    live = collections.get(source.cluster, source.collection)
    if live is None:
        return []
    kept = kept_settings(source, live, target.cluster, what="new collection")
    return kept.losses
