"""What a load balancer asks: is the process alive, do its stores answer."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
from nsadmin.health import readiness


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Say that the process answers; no store is asked."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Say whether requests can be served; 503 names the stores that are silent."""
    silent = readiness.failures()
    if silent:
        return JsonResponse({"status": "unavailable", "silent": silent}, status=503)
    return JsonResponse({"status": "ready"})
