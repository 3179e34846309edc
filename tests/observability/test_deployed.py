"""The dashboard and the alerts: they name metrics that exist, and each alert fires."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from nsadmin.jobs import audit_check
from nsadmin.jobs.schedules import beat
from tests.conventions.source import ROOT
from tests.deployment.tools import needs
from tests.observability.test_counted import COUNTED
from tests.observability.test_figures import FIGURES

RULES = ROOT / "deploy/prometheus/rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/nsadmin.json"
Series = dict[str, str]


@dataclass(frozen=True)
class Case:
    """Series that make an alert fire with these labels, and some that do not.

    Values are those of promtool, one a minute: `0+6x90` is 0, 6, 12, … The alert has
    fired, or rests, after `after`.
    """

    fires: Series
    rests: Series
    labels: dict[str, str]
    after: str = "75m"


CASES: dict[str, Case] = {
    "NsadminGone": Case(
        {'up{instance="a"}': "0x90"},
        {'nsadmin_store_up{store="redis",instance="a"}': "0x90"},
        {"severity": "critical"},
    ),
    "NsadminStoreDown": Case(
        {'nsadmin_store_up{store="redis",instance="a"}': "0x90"},
        {'nsadmin_store_up{store="redis",instance="a"}': "1x90"},
        {"store": "redis", "severity": "critical"},
    ),
    "NsadminFiguresUnread": Case(
        {'nsadmin_figures_up{source="jobs",instance="a"}': "0x90"},
        {
            'nsadmin_figures_up{source="jobs",instance="a"}': "0x90",
            'nsadmin_figures_up{source="jobs",instance="b"}': "1x90",
        },
        {"source": "jobs", "severity": "warning"},
    ),
    "NsadminRequestsFail": Case(
        {
            'nsadmin_http_requests_total{status="200"}': "0+60x90",
            'nsadmin_http_requests_total{status="503"}': "0+6x90",
        },
        {
            'nsadmin_http_requests_total{status="200"}': "0+600x90",
            'nsadmin_http_requests_total{status="503"}': "0+1x90",
        },
        {"severity": "critical"},
    ),
    "NsadminRequestsSlow": Case(
        {
            'nsadmin_http_request_seconds_bucket{route="a",le="2.5"}': "0+1x90",
            'nsadmin_http_request_seconds_bucket{route="a",le="10"}': "0+60x90",
            'nsadmin_http_request_seconds_bucket{route="a",le="+Inf"}': "0+60x90",
        },
        {
            'nsadmin_http_request_seconds_bucket{route="a",le="2.5"}': "0+60x90",
            'nsadmin_http_request_seconds_bucket{route="a",le="10"}': "0+60x90",
            'nsadmin_http_request_seconds_bucket{route="a",le="+Inf"}': "0+60x90",
        },
        {"severity": "warning"},
    ),
    "NsadminQueueWaits": Case(
        {'nsadmin_queue_oldest_seconds{queue="jobs"}': "0+60x90"},
        {'nsadmin_queue_oldest_seconds{queue="jobs"}': "5x90"},
        {"queue": "jobs", "severity": "critical"},
    ),
    "NsadminQueueLong": Case(
        {'nsadmin_queue_messages{queue="jobs"}': "2000x90"},
        {'nsadmin_queue_messages{queue="jobs"}': "100x90"},
        {"queue": "jobs", "severity": "warning"},
    ),
    "NsadminJobsOld": Case(
        {'nsadmin_job_oldest_seconds{kind="clone",state="queued"}': "90000+60x90"},
        {'nsadmin_job_oldest_seconds{kind="clone",state="queued"}': "60+60x90"},
        {"kind": "clone", "severity": "warning"},
    ),
    "NsadminJobsWait": Case(
        {
            'nsadmin_jobs{kind="clone",state="queued"}': "300x90",
            'nsadmin_jobs{kind="move",state="queued"}': "300x90",
        },
        {
            'nsadmin_jobs{kind="clone",state="queued",instance="a"}': "300x90",
            'nsadmin_jobs{kind="clone",state="queued",instance="b"}': "300x90",
        },
        {"severity": "warning"},
    ),
    "NsadminJobsFail": Case(
        {'nsadmin_job_seconds_count{kind="clone",state="failed"}': "0+1x90"},
        {'nsadmin_job_seconds_count{kind="clone",state="done"}': "0+1x90"},
        {"kind": "clone", "severity": "warning"},
    ),
    "NsadminLeasesLost": Case(
        {'nsadmin_lease_losses_total{lease="job"}': "0+1x90"},
        {'nsadmin_lease_losses_total{lease="job"}': "7x90"},
        {"lease": "job", "severity": "warning"},
    ),
    "NsadminMailFails": Case(
        {'nsadmin_mails_total{outcome="retried"}': "0+1x90"},
        {
            'nsadmin_mails_total{outcome="sent"}': "0+60x90",
            'nsadmin_mails_total{outcome="failed"}': "0+0.05x90",
        },
        {"severity": "warning"},
    ),
    "NsadminQdrantFails": Case(
        {
            'nsadmin_qdrant_errors_total{cluster="shared",reason="no_answer"}': "0+6x90",
            'nsadmin_qdrant_call_seconds_count{cluster="shared"}': "0+12x90",
        },
        {
            'nsadmin_qdrant_errors_total{cluster="shared",reason="no_answer"}': "0+6x90",
            'nsadmin_qdrant_call_seconds_count{cluster="shared"}': "0+600x90",
        },
        {"cluster": "shared", "severity": "warning"},
    ),
    "NsadminQdrantSilent": Case(
        {'nsadmin_clusters{cluster="shared",state="silent"}': "1x90"},
        {'nsadmin_clusters{cluster="shared",state="silent"}': "0x90"},
        {"severity": "critical"},
    ),
    "NsadminDedicatedClustersSilent": Case(
        {'nsadmin_clusters{cluster="dedicated",state="silent"}': "2x90"},
        {'nsadmin_clusters{cluster="dedicated",state="answering"}': "2x90"},
        {"severity": "warning"},
    ),
    "NsadminMongodbFails": Case(
        {
            'nsadmin_mongodb_errors_total{command="heartbeat",reason="no_answer"}': (
                "0+60x90"
            )
        },
        {
            'nsadmin_mongodb_errors_total{command="heartbeat",reason="no_answer"}': (
                "60x90"
            )
        },
        {"reason": "no_answer", "severity": "warning"},
    ),
    "NsadminMongodbSlow": Case(
        {
            'nsadmin_mongodb_command_seconds_bucket{command="find",le="1"}': "0+1x90",
            'nsadmin_mongodb_command_seconds_bucket{command="find",le="5"}': "0+60x90",
            'nsadmin_mongodb_command_seconds_bucket{command="find",le="+Inf"}': "0+60x90",
        },
        {
            'nsadmin_mongodb_command_seconds_bucket{command="getMore",le="1"}': "0+1x90",
            'nsadmin_mongodb_command_seconds_bucket{command="getMore",le="5"}': "0+60x90",
            'nsadmin_mongodb_command_seconds_bucket{command="getMore",le="+Inf"}': (
                "0+60x90"
            ),
        },
        {"severity": "warning"},
    ),
    "NsadminStoreSlow": Case(
        {'nsadmin_store_probe_seconds{store="database"}': "0.8x90"},
        {'nsadmin_store_probe_seconds{store="database"}': "0.002x90"},
        {"store": "database", "severity": "warning"},
    ),
    "NsadminMirrorLate": Case(
        {"nsadmin_mirror_age_seconds": "0+60x90"},
        {"nsadmin_mirror_age_seconds": "2x90"},
        {"severity": "warning"},
    ),
    "NsadminScheduleLate": Case(
        {'nsadmin_schedule_late_seconds{schedule="purge"}': "0+60x90"},
        {'nsadmin_schedule_late_seconds{schedule="purge"}': "0x90"},
        {"schedule": "purge", "severity": "warning"},
    ),
    "NsadminSchedulesNever": Case(
        {'nsadmin_schedule_late_seconds{schedule="purge"}': "0x90"},
        {'nsadmin_schedule_late_seconds{schedule="reconcile"}': "0x90"},
        {"schedule": "reconcile", "severity": "warning"},
    ),
    "NsadminScheduleFails": Case(
        {'nsadmin_schedule_failed{schedule="purge"}': "1x90"},
        {'nsadmin_schedule_failed{schedule="purge"}': "0x90"},
        {"schedule": "purge", "severity": "warning"},
    ),
    "NsadminNotificationsLate": Case(
        {"nsadmin_notification_late_seconds": "0+60x90"},
        {"nsadmin_notification_late_seconds": "12x90"},
        {"severity": "warning"},
    ),
    "NsadminItemsFail": Case(
        {'nsadmin_failing_items{kind="cluster"}': "1x90"},
        {'nsadmin_failing_items{kind="cluster"}': "0x90"},
        {"kind": "cluster", "severity": "warning"},
    ),
    "NsadminNamespacesUnreadable": Case(
        {"nsadmin_unreadable_namespaces": "3x90"},
        {"nsadmin_unreadable_namespaces": "0x90"},
        {"severity": "warning"},
    ),
    "NsadminAuditBroken": Case(
        {"nsadmin_audit_broken_chains": "1x90"},
        {"nsadmin_audit_broken_chains": "0x90"},
        {"severity": "critical"},
    ),
    "NsadminAuditUnverified": Case(
        {"nsadmin_audit_verified_age_seconds": "180000+60x1700"},
        {"nsadmin_audit_verified_age_seconds": "3600+60x1400 3600+60x300"},
        {"severity": "warning"},
        after="27h",
    ),
}


def rules() -> list[dict[str, Any]]:
    """The alerts, as they are written."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def shown() -> Iterator[str]:
    """Yield each expression of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names, without the endings of their samples."""
    names = re.findall(r"\bnsadmin_\w+", expression)
    return {re.sub(r"_(?:total|bucket|count|sum)$", "", name) for name in names}


def test_every_metric_that_is_looked_at_is_told() -> None:
    expressions = [*shown(), *(rule["expr"] for rule in rules())]
    assert len(expressions) > 40
    assert all(metrics_of(expression) for expression in expressions)
    assert set().union(*map(metrics_of, expressions)) <= COUNTED | FIGURES


def test_every_metric_is_shown() -> None:
    assert set().union(*map(metrics_of, shown())) == COUNTED | FIGURES


def test_every_metric_is_explained() -> None:
    page = (ROOT / "docs/observability.md").read_text()
    rows = re.findall(r"^\| `(nsadmin_\w+?)(?:_total)?` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(COUNTED | FIGURES)


def test_the_dashboard_can_be_imported() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert [v["name"] for v in dashboard["templating"]["list"]] == ["datasource"]


def test_every_alert_has_a_case_and_a_sentence() -> None:
    assert [rule["alert"] for rule in rules()] == list(CASES)
    for rule in rules():
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert rule["labels"] == {"severity": CASES[rule["alert"]].labels["severity"]}


def promtool(*arguments: str) -> str:
    """Run it; return what it says, which is an error unless it succeeds."""
    command = [needs("promtool"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_the_rules() -> None:
    assert f"{len(CASES)} rules found" in promtool("check", "rules", str(RULES))


def test_promtool_takes_the_expressions_of_the_dashboard(tmp_path: Path) -> None:
    records = [
        {"record": f"shown:{number}", "expr": e.replace("$__rate_interval", "5m")}
        for number, e in enumerate(shown())
    ]
    written = tmp_path / "shown.yaml"
    group = {"name": "shown", "rules": records}
    written.write_text(yaml.safe_dump({"groups": [group]}))
    found = promtool("check", "rules", str(written))
    assert f"{len(records)} rules found" in found


def _tests_of(name: str, case: Case) -> Iterator[dict[str, Any]]:
    """Yield the tests of promtool that an alert fires, and that it rests."""
    for series, alerts in [
        (case.fires, [{"exp_labels": case.labels}]),
        (case.rests, []),
    ]:
        yield {
            "interval": "1m",
            "input_series": [{"series": s, "values": v} for s, v in series.items()],
            "alert_rule_test": [
                {"eval_time": case.after, "alertname": name, "exp_alerts": alerts}
            ],
        }


def _passes(tests: list[dict[str, Any]], folder: Path) -> None:
    """Have promtool run tests of alerts, and evaluate these alone.

    The sentences are left out: promtool would compare them word by word.
    """
    names = {alert["alertname"] for test in tests for alert in test["alert_rule_test"]}
    bare = [
        {key: value for key, value in rule.items() if key != "annotations"}
        for rule in rules()
        if rule["alert"] in names
    ]
    group = {"name": "bare", "rules": bare}
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [group]}))
    written = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": tests,
    }
    path = folder / "tests.yaml"
    path.write_text(yaml.safe_dump(written))
    assert "SUCCESS" in promtool("test", "rules", str(path))


@pytest.mark.parametrize("after", sorted({case.after for case in CASES.values()}))
def test_each_alert_fires_once_and_rests_otherwise(tmp_path: Path, after: str) -> None:
    cases = {name: case for name, case in CASES.items() if case.after == after}
    _passes(
        [t for name, case in cases.items() for t in _tests_of(name, case)], tmp_path
    )


def test_a_new_installation_has_a_day_until_its_audit_is_verified(
    tmp_path: Path,
) -> None:
    at = beat.next_run(audit_check.SCHEDULE, timezone.now())
    assert beat.next_run(audit_check.SCHEDULE, at) - at <= timedelta(days=1)
    fired = {"exp_labels": {"severity": "warning"}}
    never_verified = {
        "interval": "1m",
        "input_series": [{"series": "nsadmin_clusters", "values": "0x1700"}],
        "alert_rule_test": [
            {"eval_time": after, "alertname": "NsadminAuditUnverified", **expected}
            for after, expected in (
                ("25h30m", {"exp_alerts": []}),
                ("27h", {"exp_alerts": [fired]}),
            )
        ],
    }
    _passes([never_verified], tmp_path)
