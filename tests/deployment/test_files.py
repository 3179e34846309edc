"""The files of `deploy`: linters and schemas take them, and they run what README says."""

import getpass
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nsadmin.checks import REQUIRED
from tests.deployment import commands
from tests.deployment.commands import KUBERNETES, PROXY
from tests.deployment.tools import needs
from tests.production_check import ROOT, check

BIN = Path(sys.executable).parent


def passes(*command: str | Path) -> str:
    """Run a linter, which has to accept; return what it says."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_readme_has_all_of_it() -> None:
    assert "nsadmin migrate" in commands.preparing()
    assert len(commands.running()) == 10


def test_containerfile() -> None:
    passes(BIN / "hadolint", "Containerfile")
    text = (ROOT / "Containerfile").read_text()
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.MULTILINE)
    served = re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert '"serve", "--host", "0.0.0.0", "--port", "8000"' in served[1]


def test_the_image_gets_all_that_the_wheel_is_built_of() -> None:
    text = (ROOT / "Containerfile").read_text()
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    }
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert copied == sent
    assert {"nsadmin", "static", "templates", "setup.py", "pyproject.toml"} <= copied


def test_compose_file_is_well_formed() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    passes(BIN / "check-jsonschema", *schema, "compose.yaml")


def test_compose_runs_what_the_readme_runs() -> None:
    services = commands.compose()
    found = {n: commands.in_container(s["command"]) for n, s in services.items()}
    once = {found.pop("migrate"), found.pop("prepare")}
    assert once == {"nsadmin migrate", "nsadmin prepare_stores"}
    assert once <= set(commands.preparing())
    assert set(found.values()) == commands.running()
    for name in found:
        waits = services[name]["depends_on"]
        assert waits["prepare"]["condition"] == "service_completed_successfully"


def test_compose_gives_each_process_what_it_needs_and_no_more() -> None:
    services = commands.compose()
    assert len(services) == 12
    known = (ROOT / "nsadmin/settings/environment.py").read_text()
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] == "10001:10001"
        assert set(service["environment"]) >= set(REQUIRED)
        assert all(f'"{name}"' in known for name in service["environment"])


def test_the_secrets_of_compose_pass_the_check() -> None:
    lines = passes("/bin/sh", "deploy/secrets.sh").splitlines()
    env = dict(line.split("=", 1) for line in lines)

    given = commands.container_environment("web", env)
    assert given["NSADMIN_ALLOWED_HOSTS"] == "localhost"
    host = given.pop("NSADMIN_HOST")
    assert host == "localhost"
    del given["POSTGRES_PASSWORD"]
    done = check(given)
    assert done.returncode == 0, done.stderr


def test_kubernetes_objects_are_well_formed() -> None:
    objects = commands.kubernetes()
    assert len(objects) >= 15
    for made in objects:
        kubernetes_validate.validate(made, "1.37", strict=True)


def test_kustomize_builds_the_objects_that_are_tested_here() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("There is no kubectl; Debian's is too old for these files")
    built = passes(kubectl, "kustomize", KUBERNETES)
    made = {(x["kind"], x["metadata"]["name"]): x for x in yaml.safe_load_all(built)}
    for each in made.values():
        kubernetes_validate.validate(each, "1.37", strict=True)
        assert each["metadata"].pop("namespace") == "nsadmin"
    [settings] = [key for key in made if key[0] == "ConfigMap"]
    assert made.pop(settings)["data"] == commands.kubernetes_settings()
    whole = json.dumps(commands.kubernetes()).replace("nsadmin-settings", settings[1])
    expected = {(x["kind"], x["metadata"]["name"]): x for x in json.loads(whole)}
    assert made == expected


def test_kubernetes_runs_what_the_readme_runs() -> None:
    deployments = commands.kubernetes("Deployment")
    found = {commands.in_container(_main(made)["args"]) for made in deployments}
    assert found == commands.running()
    [job] = commands.kubernetes("Job")
    once = {commands.in_container(c["args"]) for c in commands.containers(job)}
    assert once == {"nsadmin migrate", "nsadmin prepare_stores"}


def _main(made: dict) -> dict:
    [main] = made["spec"]["template"]["spec"]["containers"]
    return main


def test_kubernetes_containers_write_nowhere_and_are_not_root() -> None:
    objects = commands.kubernetes("Deployment", "Job")
    assert len(objects) == 11
    for made in objects:
        pod = made["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        for container in commands.containers(made):
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
            assert container["envFrom"][1]["secretRef"]["name"] == "nsadmin-secrets"


def test_kubernetes_objects_find_the_deployments_that_they_name() -> None:
    made = {d["metadata"]["name"]: d for d in commands.kubernetes("Deployment")}
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in made.values()]
    for deployment in made.values():
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert selector == deployment["spec"]["template"]["metadata"]["labels"]
    for budget in commands.kubernetes("PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] in labels
    for scaler in commands.kubernetes("HorizontalPodAutoscaler"):
        scaled = made[scaler["spec"]["scaleTargetRef"]["name"]]
        assert "replicas" not in scaled["spec"]  # an apply would undo the scaling
    [service] = commands.kubernetes("Service")
    assert service["spec"]["selector"] in labels


def test_no_probe_takes_web_servers_out_while_a_store_is_away() -> None:
    files = [ROOT / "compose.yaml", *KUBERNETES.iterdir(), *PROXY.iterdir()]
    probes = [
        path
        for file in files
        for path in re.findall(r"/(?:health|ready)z", _code(file))
    ]
    assert set(probes) == {"/healthz"}
    assert len(probes) == 5


def _code(file: Path) -> str:
    """The lines of a file but for comments."""
    lines = file.read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def test_systemd_runs_what_the_readme_runs() -> None:
    assert set(commands.systemd().values()) == commands.running()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """The program and the user of the units need not be on this machine."""
    needs("systemd-analyze")
    for unit in commands.SYSTEMD.iterdir():
        text = unit.read_text().replace("/opt/nsadmin/bin/nsadmin", "/bin/true")
        (tmp_path / unit.name).write_text(
            text.replace("User=nsadmin", f"User={getpass.getuser()}")
        )
    units = [tmp_path / name for name in ("nsadmin.target", "nsadmin-web.socket")]
    units += [tmp_path / unit for unit in commands.systemd()]
    for unit in units:
        if "@" in unit.name:
            template = tmp_path / "nsadmin-worker@.service"
            unit.write_text(template.read_text())
    said = passes("systemd-analyze", "verify", "--man=no", *units)
    assert "nsadmin" not in said


def test_caddy_takes_its_file() -> None:
    caddy = needs("caddy")
    passes(caddy, "validate", "--adapter", "caddyfile", "--config", PROXY / "Caddyfile")


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx = needs("nginx")
    site = (PROXY / "nginx.conf").read_text()
    for kind, content in zip(("crt", "key"), certificate(), strict=True):
        (tmp_path / f"nsadmin.{kind}").write_bytes(content)
    site = site.replace("/etc/nginx/nsadmin.", f"{tmp_path}/nsadmin.")
    site = re.sub(r"(listen .*?)(80|443)\b", r"\g<1>18\2", site)
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        site += f"{kind}_temp_path {tmp_path}/{kind};\n"
    whole = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{site}\n}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    prefix = ("-p", tmp_path, "-e", tmp_path / "error.log")
    said = passes(nginx, "-t", *prefix, "-c", tmp_path / "nginx.conf")
    assert "[warn]" not in said


def certificate() -> tuple[bytes, bytes]:
    """A certificate for nsadmin.example and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nsadmin.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.public_bytes(pem), private
