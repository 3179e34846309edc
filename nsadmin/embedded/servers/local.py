"""The servers of the demo: addresses given by the caller, or embedded ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.servers import host, mongodb, qdrant_process, redis
from nsadmin.embedded.supervision.ports import HOST, remembered_ports
from nsadmin.embedded.supervision.supervisor import Process

URLS = {
    "redis": "NSADMIN_REDIS_URL",
    "mongodb": "NSADMIN_MONGODB_URL",
    "qdrant": "NSADMIN_QDRANT_URL",
    "qdrant_dedicated": "NSADMIN_DEMO_DEDICATED_URL",
}
KEYS = {
    "qdrant": "NSADMIN_QDRANT_API_KEY",
    "qdrant_dedicated": "NSADMIN_DEMO_DEDICATED_API_KEY",
}


@dataclass(frozen=True)
class Servers:
    """The addresses of all servers, and the processes of the embedded ones."""

    env: Mapping[str, str]
    processes: tuple[Process, ...]

    @property
    def redis_url(self) -> str:
        """The address of the broker, the cache and the sessions."""
        return self.env[URLS["redis"]]

    @property
    def mongodb_url(self) -> str:
        """The address of the namespace store."""
        return self.env[URLS["mongodb"]]

    @property
    def mongodb_database(self) -> str:
        """The database named by the address, or ours."""
        return urlsplit(self.mongodb_url).path.strip("/") or mongodb.DATABASE

    @property
    def database_url(self) -> str:
        """The address of the relational database."""
        return self.env["DATABASE_URL"]

    def qdrant(self, name: str) -> dict[str, str] | None:
        """Address and key of one of the two Qdrants, if the demo has it."""
        if not (url := self.env.get(URLS[name])):
            return None
        return {"url": url, "api_key": self.env.get(KEYS[name], "")}


def plan(directory: DataDirectory, given: Mapping[str, str]) -> Servers:
    """Use the servers that `given` names; embed the rest, at their last ports."""
    names = [name for name, variable in URLS.items() if not given.get(variable)]
    if "qdrant" not in names and not host.supported():
        names.remove("qdrant_dedicated")  # a demo of one cluster is still a demo
    host.check(names)
    ports = remembered_ports(
        names, directory.read("ports.json"), fixed=["qdrant_dedicated"]
    )
    directory.write("ports.json", directory.read("ports.json") | ports)
    keys = directory.secrets()
    database = quote(str(directory.path / "nsadmin.sqlite3"))
    env = {"DATABASE_URL": f"sqlite:///{database}"}
    env |= {URLS[name]: _url(name, port) for name, port in ports.items()}
    env |= {KEYS[name]: keys[name] for name in ports if name in KEYS}
    given_urls = {*URLS.values(), *KEYS.values(), "DATABASE_URL"}
    env |= {name: given[name] for name in given_urls if given.get(name)}
    processes = [_process(name, ports[name], directory.path, keys) for name in ports]
    return Servers(env=env, processes=tuple(processes))


def _url(name: str, port: int) -> str:
    match name:
        case "redis":
            return redis.url(port)
        case "mongodb":
            return mongodb.url(port)
        case _:
            return f"http://{HOST}:{port}"


def _process(name: str, port: int, root: Path, keys: Mapping[str, str]) -> Process:
    match name:
        case "redis":
            return redis.process(root / name, port)
        case "mongodb":
            return mongodb.process(root / name, port)
        case _:
            return qdrant_process.process(
                root / name, port, api_key=keys[name], name=name
            )
