"""Checks for a load balancer: the process is alive, its stores answer."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
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
    """Return 200 if all stores can be used, else 503 with the others and why not."""
    reasons = readiness.failures()
    if reasons:
        told = {"status": "unavailable", "silent": list(reasons), "reasons": reasons}
        return JsonResponse(told, status=503)
    return JsonResponse({"status": "ready"})
