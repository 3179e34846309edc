"""The pages of processing again in their states, as text."""

from datetime import timedelta

from django.utils import timezone

from nsadmin.reprocessing import asking, claims, measuring
from nsadmin.reprocessing.models import ReprocessRequest
from tests.pages.states import LONG, World, at
from tests.reprocessing.appended import TEXTS, WORKER, appended_for, process


def again(world: World) -> None:
    """Counted, asked, claimed, failed, done; with a long name of a worker."""
    cast = world.cast
    namespace = appended_for(cast, LONG[:60])

    def see(state: str) -> None:
        for role in ("member", "viewer"):
            world.see(state, at(namespace), role)
            world.see(state, at(namespace, "extractors/"), role)

    path = at(namespace, f"process-again/{TEXTS}/")
    see("lacking")
    world.see("lacking", "/namespaces/")
    world.see("lacking", at(namespace, "drift/"))
    world.see("before", path)
    world.see("refused", path, form={})
    row = asking.ask(cast.actor(), namespace.namespace_id, TEXTS)
    see("asked")
    world.see("conflict", path, form={"collection": ["col_a"]})
    claims.claim(WORKER, worker="gpu-" * 30, token="t" * 32, lease_s=60)
    process(namespace, dict.fromkeys((1, 2), "col_a"))
    measuring.measure(row.request_id)
    see("claimed")
    past = timezone.now() - timedelta(seconds=1)
    ReprocessRequest.objects.update(claim_ends_at=past)
    claims.give_back_expired()
    see("given back")
    claims.claim(WORKER, worker="gpu-8", token="u" * 32, lease_s=60)
    worker = cast.actor("platform_admin")
    claims.finish(worker, row.pk, token="u" * 32, outcome="failed", error=LONG * 6)
    see("failed")
    row = asking.ask(cast.actor(), namespace.namespace_id, TEXTS)
    asking.cancel(cast.actor(), namespace.namespace_id, row.request_id)
    see("cancelled")
    row = asking.ask(cast.actor(), namespace.namespace_id, TEXTS)
    process(namespace, {n: "col_a" if n < 5 else "col_b" for n in range(1, 7)})
    measuring.measure(row.request_id)
    see("done")
    world.silence("qdrant")
    world.see("silent", path)
    see("silent")
