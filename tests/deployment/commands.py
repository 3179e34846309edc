"""The commands of README's production section, and those in the files of `deploy`."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from nsadmin.jobs import queues
from tests.production_check import ROOT

KUBERNETES = ROOT / "deploy" / "kubernetes"
PROXY = ROOT / "deploy" / "proxy"
SYSTEMD = ROOT / "deploy" / "systemd"
# What keeps running, in the order of a rolling restart: the web server goes last.
ROLES = (*queues.ALL, "beat", "mirror", "serve")


def blocks(files: Path = ROOT) -> list[list[str]]:
    """The shell blocks of the production section of a checkout, each as its commands."""
    readme = (files / "README.md").read_text()
    readme = readme.replace("\\\n", " ")
    section = readme.partition("## Run it in production")[2].partition("\n## ")[0]
    found = [part.partition("```")[0] for part in section.split("```sh\n")[1:]]
    return [list(_commands(block)) for block in found]


def _commands(block: str) -> Iterator[str]:
    """Yield the commands of a block; `&&` joins several in a line."""
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        for is_joint, command in groupby(words, lambda word: word == "&&"):
            if not is_joint:
                yield shlex.join(command)


@dataclass(frozen=True)
class Lines:
    """The commands that install, those that are run once, and those that keep running;
    those of operators, and those that move the rows of SQLite to PostgreSQL.
    """

    installing: list[str]
    preparing: list[str]
    running: list[str]
    operating: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)


def lines(files: Path = ROOT) -> Lines:
    """The commands of a checkout; a release before the wheel has them in one block."""
    found = blocks(files)
    if any("wheel" in line or ".whl" in line for line in found[0]):
        return Lines(*found)
    once = [line for line in found[0] if "manage.py" in line and role(line) == ""]
    first = [line for line in found[0] if ".venv" in line]
    rest = [line for line in found[0] if line not in (*once, *first)]
    return Lines(first, once, rest)


def role(line: str) -> str:
    """Which of the processes a command keeps running; empty if it ends soon."""
    known = set(ROLES) & set(re.split(r"[ .]", line))
    return known.pop() if known else ""


def preparing() -> list[str]:
    """The commands that are run once for each installation or release."""
    return lines().preparing


def running() -> set[str]:
    """The commands that keep running."""
    return set(lines().running)


@cache
def compose() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml that run nsadmin."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return {name: s for name, s in services.items() if s["image"].startswith("nsadmin")}


def container_environment(service: str, env: dict[str, str]) -> dict[str, str]:
    """What a container of compose.yaml gets from a file `.env` with these lines."""
    described = compose()[service]
    files = described["env_file"]
    assert files == [".env"]

    def filled(text: str) -> str:
        innermost = re.compile(r"\$\{(\w+):([?-])([^{}]*)\}")
        while match := innermost.search(text):
            name, mark, default = match.groups()
            value = env.get(name) or (default if mark == "-" else "")
            assert value, f"{name} has no value: {default}"
            text = text.replace(match[0], value)
        return text

    fixed = described["environment"].items()
    return {**env, **{name: filled(value) for name, value in fixed}}


def kubernetes(*kinds: str) -> list[dict[str, Any]]:
    """The objects of the base of these kinds, with the patches merged into them."""
    base = _read("kustomization.yaml")[0]
    found = [made for name in base["resources"] for made in _read(name)]
    for patch in base["patches"]:
        [addition] = _read(patch["path"])
        for made in found:
            if _is_target(made, **patch["target"]):
                made["spec"] = _merged(made["spec"], addition["spec"])
    return [made for made in found if not kinds or made["kind"] in kinds]


def _is_target(made: dict[str, Any], *, kind: str, name: str = ".*") -> bool:
    is_named = re.fullmatch(name, made["metadata"]["name"]) is not None
    return bool(made["kind"] == kind and is_named)


def kubernetes_settings() -> dict[str, str]:
    """The settings that the base gives to every process."""
    [made] = _read("kustomization.yaml")[0]["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in made["literals"])


def _read(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((KUBERNETES / name).read_text()))


def _merged(whole: Any, addition: Any) -> Any:
    """What a strategic merge gives: lists of named objects are joined by name."""
    if isinstance(whole, dict) and isinstance(addition, dict):
        both = whole.keys() & addition.keys()
        joined = {key: _merged(whole[key], addition[key]) for key in both}
        return {**whole, **addition, **joined}
    if isinstance(whole, list) and isinstance(addition, list):
        key = "mountPath" if any("mountPath" in x for x in whole) else "name"
        named = {x[key]: x for x in whole}
        added = {x[key]: _merged(named.get(x[key], {}), x) for x in addition}
        # What the patch names comes first, as kustomize writes it.
        return list({**added, **named, **added}.values())
    return addition


def containers(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every container of a Deployment or a Job, those that start first included."""
    pod = made["spec"]["template"]["spec"]
    yield from pod.get("initContainers", [])
    yield from pod["containers"]


def systemd() -> dict[str, str]:
    """{unit of nsadmin.target: its command}."""
    target = (SYSTEMD / "nsadmin.target").read_text()
    wanted = [
        unit
        for line in target.splitlines()
        if line.startswith("Wants=")
        for unit in line.removeprefix("Wants=").split()
        if unit.endswith(".service")
    ]
    return {unit: _exec(unit) for unit in wanted}


def _exec(unit: str) -> str:
    stem, at, instance = unit.removesuffix(".service").partition("@")
    text = (SYSTEMD / f"{stem}{at}.service").read_text()
    [line] = [x for x in text.splitlines() if x.startswith("ExecStart=")]
    command = line.removeprefix("ExecStart=/opt/nsadmin/bin/")
    return command.replace("%i", instance)


def in_container(arguments: list[str]) -> str:
    """The command of a container, listening where the README's listens."""
    return shlex.join(["nsadmin", *arguments]).replace("0.0.0.0", "127.0.0.1")
