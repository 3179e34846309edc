"""Asking a cluster for a report that some servers lack."""

from typing import Any

import httpx
from django.conf import settings

from nsadmin.stores.qdrant import answers
from nsadmin.stores.qdrant.cluster import Cluster, http, refusal, translate_errors
from nsadmin.stores.qdrant.transport import MOST_BYTES

_UNSUPPORTED = (400, 404, 405, 501)


def get(cluster: Cluster, path: str, timeout_s: float) -> httpx.Response | None:
    """Return the answer to a GET; None where the server has no such report."""
    # The telemetry of a server with many collections is as long as a page of points.
    most = {MOST_BYTES: settings.NSADMIN_QDRANT_MAX_ANSWER_BYTES}
    with translate_errors():
        answer = http(cluster).get(path, timeout=timeout_s, extensions=most)
    return supported(answer)


def supported(answer: httpx.Response) -> httpx.Response | None:
    """Return an answer; None if it says that the server has no such report."""
    if answer.status_code in _UNSUPPORTED:
        return None
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.text)
    return answer


def result(answer: httpx.Response | None) -> Any:
    """Return the `result` of an answer; None only where there is no answer."""
    if answer is None:
        return None
    found = answers.result(answer.content)
    if found is None:
        raise answers.MalformedAnswer.of("its result is null")
    return found
