"""README's commands of operators: values for their blanks, and the expected output."""

import re
import shlex
from pathlib import Path

import httpx
import psycopg
import yaml

from tests.deployment.production.installation import Installation

ADDRESS = "olga@operations.example"
DESCRIPTION = "Described by a file."
SAYS = {
    "nsadmin audit verify": r"^org_\w+ entries=[1-9]\d* head=[0-9a-f]{64}$",
    "nsadmin backup make DIR": r"database\.dump bytes=\d+ [0-9a-f]{64}$",
    "nsadmin seal rotate": r"^rotated=0 current=\d+ unreadable=0 moved=0$",
    "nsadmin mail test EMAIL": rf"the mail to {ADDRESS} was taken",
    "nsadmin staff add EMAIL --role support": rf"^{ADDRESS} is support now\.$",
    "nsadmin staff remove EMAIL --role support": rf"^{ADDRESS} is no longer support\.",
    "nsadmin pepper rotate": r"broken=0 waiting_keys=0 ",
    "nsadmin nsconfig diff namespace.yaml --organization org_…": "Set the description",
    "nsadmin nsconfig apply namespace.yaml --organization org_… --yes": r"^Applied as",
}
# The exit status of `nsconfig diff` where something differs.
CODES = {"diff": 2}


def operate(installed: Installation) -> dict[str, str]:
    """Run each of the commands; {the line: what it printed}."""
    blanks = {
        "DIR": str(installed.state / "backup"),
        "EMAIL": ADDRESS,
        "org_…": _organization(installed.env["DATABASE_URL"]),
    }
    printed = {}
    for line in installed.lines.operating:
        words = shlex.split(line)
        code = next((CODES[word] for word in words if word in CODES), 0)
        filled = [blanks.get(word, word) for word in words]
        printed[" ".join(words)] = installed.run(filled, code=code)
    return printed


def unexpected(printed: dict[str, str]) -> list[str]:
    """The lines with an unexpected output, or without an expected one."""
    return [
        f"{line}: {printed.get(line)}"
        for line in SAYS.keys() | printed.keys()
        if line not in SAYS
        or not re.search(SAYS[line], printed.get(line, ""), re.MULTILINE)
    ]


def write_configuration(folder: Path, client: httpx.Client, name: str) -> None:
    """Write the configuration of a namespace, with another description, into a file."""
    text = client.get(f"/namespaces/{name}/config").json()["config"]
    wanted = {**yaml.safe_load(text), "description": DESCRIPTION}
    (folder / "namespace.yaml").write_text(yaml.safe_dump(wanted))


def _organization(url: str) -> str:
    """The id of the organization that README makes."""
    asked = "SELECT organization_id FROM access_organization WHERE NOT is_operator"
    with psycopg.connect(url) as connection:
        [[found]] = connection.execute(asked).fetchall()
    return str(found)
