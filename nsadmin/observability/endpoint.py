"""`/metrics`: for a program with the key of the metrics."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from nsadmin.access.web.gate import public
from nsadmin.observability import exposition


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics; 401 without the key, 404 if there is none to ask for."""
    if not settings.NSADMIN_METRICS_KEY:
        raise Http404
    told = exposition.answer(request.headers.get("Authorization", ""))
    return HttpResponse(told.body, status=told.status, headers=told.headers)


urlpatterns = [path("metrics", metrics, name="metrics")]
