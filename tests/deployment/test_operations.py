"""Settings, metrics, scaling and probes in the files of `deploy`."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from nsadmin.jobs import queues
from tests.deployment import commands
from tests.deployment.commands import SYSTEMD
from tests.deployment.tools import needs
from tests.observability.test_figures import FIGURES
from tests.production_check import ROOT, SETTINGS

PROMETHEUS = ROOT / "deploy" / "prometheus"
# What compose.yaml decides: where its stores are, and what its containers share.
FIXED = {
    *("NSADMIN_MONGODB_URL", "NSADMIN_QDRANT_URL", "NSADMIN_REDIS_URL", "DATABASE_URL"),
    *("NSADMIN_METRICS_DIR", "NSADMIN_METRICS_HOST", "NSADMIN_METRICS_PORT"),
    "NSADMIN_HEARTBEAT_FILE",
}
# What every .env has to have.
GIVEN = {**SETTINGS, "NSADMIN_QDRANT_API_KEY": "q", "POSTGRES_PASSWORD": "p"}
WORKERS = {f"worker-{queue}" for queue in queues.ALL}
# The processes that listen on NSADMIN_METRICS_PORT, and those without any other port.
LISTENING = {"web", *WORKERS}
BACKGROUND = {*WORKERS, "beat", "mirror"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def deployments() -> dict[str, dict[str, Any]]:
    """{component: its pods} of Kubernetes."""
    return {
        made["metadata"]["name"].removeprefix("nsadmin-"): made["spec"]["template"]
        for made in commands.kubernetes("Deployment")
    }


def container(template: dict[str, Any]) -> dict[str, Any]:
    [found] = template["spec"]["containers"]
    return found


# Settings ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({*settings.NSADMIN_KNOWN_NAMES} - FIXED))
def test_env_gives_compose_every_setting(name: str) -> None:
    for service in commands.compose():
        given = commands.container_environment(service, {**GIVEN, name: "canary"})
        assert given[name] == "canary", service


def test_compose_fixes_what_is_its_own() -> None:
    for service in commands.compose():
        lines = {**GIVEN, **dict.fromkeys(FIXED, "canary")}
        given = commands.container_environment(service, lines)
        assert all("canary" not in given[name] for name in FIXED), service


# Metrics -------------------------------------------------------------------------------


def test_every_pod_that_tells_metrics_is_scraped() -> None:
    given = commands.kubernetes_settings()
    port = int(given["NSADMIN_METRICS_PORT"])
    assert given["NSADMIN_METRICS_HOST"] == "0.0.0.0"
    assert given["NSADMIN_METRICS_DIR"].startswith("/tmp/")  # which is writable
    found = deployments()
    assert set(found) == LISTENING | BACKGROUND
    for component, template in found.items():
        notes = template["metadata"].get("annotations", {})
        ports = {
            p["name"]: p["containerPort"] for p in container(template).get("ports", [])
        }
        is_scraped = notes.get("prometheus.io/scrape") == "true"
        assert is_scraped == (component in LISTENING), component
        assert ports.get("metrics") == (port if is_scraped else None)
        assert notes.get("prometheus.io/port") == (str(port) if is_scraped else None)


def test_prometheus_looks_for_pods_that_are_there() -> None:
    [job] = read(PROMETHEUS / "scrape.yaml")["scrape_configs"]
    [discovery] = job["kubernetes_sd_configs"]
    assert discovery == {"role": "pod", "namespaces": {"names": ["nsadmin"]}}
    kept = {
        rule["source_labels"][0].removeprefix("__meta_kubernetes_pod_"): rule["regex"]
        for rule in job["relabel_configs"]
        if rule.get("action") == "keep"
    }
    assert kept == {
        "annotation_prometheus_io_scrape": "true",
        "container_port_name": "metrics",
    }


def test_prometheus_takes_the_scraping(tmp_path: Path) -> None:
    """Debian's promtool does not know the discovery in Kubernetes."""
    promtool = needs("promtool")
    written = read(PROMETHEUS / "scrape.yaml")
    [job] = written["scrape_configs"]
    del job["kubernetes_sd_configs"]
    path = tmp_path / "prometheus.yaml"
    path.write_text(yaml.safe_dump(written))
    command = [promtool, "check", "config", "--syntax-only", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_autoscaling_asks_for_is_told() -> None:
    [rule] = read(PROMETHEUS / "adapter.yaml")["externalRules"]
    offered = rule["seriesQuery"]
    assert offered in FIGURES
    assert rule["metricsQuery"].startswith("max by (queue) (<<.Series>>{")
    asked = [
        metric["external"]["metric"]
        for scaler in commands.kubernetes("HorizontalPodAutoscaler")
        for metric in scaler["spec"]["metrics"]
        if metric["type"] == "External"
    ]
    assert {metric["name"] for metric in asked} == {offered}
    scaled = [metric["selector"]["matchLabels"]["queue"] for metric in asked]
    assert scaled == [queues.JOBS, queues.TRANSFERS]


def test_the_processes_of_a_container_count_together() -> None:
    for name in commands.compose():
        given = commands.container_environment(name, GIVEN)
        assert given["NSADMIN_METRICS_DIR"].startswith("/tmp/")
        assert given["NSADMIN_METRICS_HOST"] == "0.0.0.0"


def test_new_installations_of_compose_have_a_key_for_the_metrics() -> None:
    command = ["/bin/sh", str(ROOT / "deploy/secrets.sh")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = dict(line.split("=", 1) for line in said.splitlines())
    assert len(lines["NSADMIN_METRICS_KEY"]) >= 32


def test_the_units_of_a_machine_count_together() -> None:
    """One of them may end or start while others have the folder."""
    units = [*SYSTEMD.glob("*.service")]
    assert len(units) == 4
    for unit in units:
        lines = unit.read_text().splitlines()
        assert "RuntimeDirectory=nsadmin" in lines
        assert "RuntimeDirectoryPreserve=yes" in lines
        folder = lines.index("Environment=NSADMIN_METRICS_DIR=/run/nsadmin")
        # A setting of the operator comes later and wins.
        assert folder < lines.index("EnvironmentFile=/etc/nsadmin/environment")


# Processes that hang -------------------------------------------------------------------


def test_kubernetes_restarts_what_hangs() -> None:
    assert commands.kubernetes_settings()["NSADMIN_HEARTBEAT_FILE"].startswith("/tmp/")
    for component, template in deployments().items():
        probe = container(template)["livenessProbe"]
        if component not in BACKGROUND:
            assert probe["httpGet"]["path"] == "/healthz"
            continue
        assert probe["exec"]["command"] == ["nsadmin", "alive"]
        # The stores are asked for 10 s; a worker finds its broker again within 32 s.
        assert probe["timeoutSeconds"] >= 20
        assert probe["periodSeconds"] * (probe["failureThreshold"] - 1) >= 60


def test_compose_tells_what_hangs() -> None:
    services = commands.compose()
    probes = {
        name: s["healthcheck"]["test"]
        for name, s in services.items()
        if "healthcheck" in s
    }
    assert set(probes) == LISTENING | BACKGROUND
    for name in BACKGROUND:
        assert probes[name] == ["CMD", "nsadmin", "alive"]
        given = commands.container_environment(name, GIVEN)
        assert given["NSADMIN_HEARTBEAT_FILE"].startswith("/tmp/")
