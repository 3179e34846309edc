"""Checks for a load balancer: the process is alive, its stores answer."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
from nsadmin.errors import RETRY_AFTER_S
from nsadmin.health import readiness


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Return 200 while the process answers; no store is asked."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Return 200 if all stores can be used, else 503 with the others and why not.

    503 has Retry-After: a store that is started again answers within seconds.
    """
    reasons = readiness.failures()
    if reasons:
        told = {"status": "unavailable", "silent": list(reasons), "reasons": reasons}
        return JsonResponse(told, status=503, headers={"Retry-After": RETRY_AFTER_S})
    return JsonResponse({"status": "ready"})
