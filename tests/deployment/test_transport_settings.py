"""What the environment says of TLS and proxies, as a process of its own reads it."""

import json
import subprocess
import sys

import pytest

from tests.production_check import ROOT, SETTINGS, check, environment

READ = """
import json, django
django.setup()
from django.conf import settings
from django.test import RequestFactory
from django.middleware.security import SecurityMiddleware
from django.http import HttpResponse
forwarded = RequestFactory().get("/", headers={"x-forwarded-proto": "https"})
secure = RequestFactory().get("/", secure=True)
answer = SecurityMiddleware(lambda request: HttpResponse())(secure)
print(json.dumps([
    settings.NSADMIN_PROXY_COUNT,
    forwarded.is_secure(),
    answer.headers["Strict-Transport-Security"],
]))
"""
YEAR = "max-age=31536000"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [0, False, YEAR]),
        ({"NSADMIN_PROXY_COUNT": "2"}, [2, True, YEAR]),
        ({"NSADMIN_TRUST_PROXY": "1"}, [1, True, YEAR]),
        (
            {"NSADMIN_TRUST_PROXY": "1", "NSADMIN_PROXY_COUNT": "0"},
            [0, False, YEAR],
        ),
        ({"NSADMIN_HSTS_SUBDOMAINS": "1"}, [0, False, f"{YEAR}; includeSubDomains"]),
        (
            {"NSADMIN_HSTS_SUBDOMAINS": "1", "NSADMIN_HSTS_PRELOAD": "1"},
            [0, False, f"{YEAR}; includeSubDomains; preload"],
        ),
    ],
)
def test_proxies_and_hsts_are_settings(given: dict[str, str], expected: list) -> None:
    module = {"DJANGO_SETTINGS_MODULE": "nsadmin.settings"}
    done = subprocess.run(
        [sys.executable, "-c", READ],
        env={**environment(), **SETTINGS, **module, **given},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"NSADMIN_PROXY_COUNT": "-1"}, "NSADMIN_PROXY_COUNT is '-1'; it has to be"),
        ({"NSADMIN_HSTS_PRELOAD": "1"}, "nsadmin.W010"),
    ],
)
def test_the_check_refuses_what_cannot_be_meant(
    given: dict[str, str], said: str
) -> None:
    done = check({**SETTINGS, **given})
    assert done.returncode == 1
    assert said in done.stderr
