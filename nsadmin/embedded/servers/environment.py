"""The environment variables of the demo's processes."""

from collections.abc import Mapping

from nsadmin.embedded.datadir import SEED, DataDirectory
from nsadmin.embedded.servers.local import Servers
from nsadmin.embedded.supervision.ports import HOST

# Settings by which the pages may be open to others than the person at this machine.
_OPENING = (
    *("NSADMIN_ALLOWED_HOSTS", "NSADMIN_INSECURE_HTTP"),
    *("NSADMIN_PROXY_COUNT", "NSADMIN_TRUST_PROXY"),
)


def environment(
    directory: DataDirectory, servers: Servers, given: Mapping[str, str], port: int
) -> dict[str, str]:
    """Settings for a local machine, whose pages are on the port.

    The sign-in page offers the demo's logins unless a setting opens it to others.
    Values of `given` take precedence.
    """
    keys = directory.secrets()
    ours = {name: key for name, key in keys.items() if name.startswith("NSADMIN_")}
    if not any(map(given.get, _OPENING)):
        ours["NSADMIN_DEMO_LOGINS"] = str(directory.path / SEED)
    ours |= {
        # The first one is in the links of mails.
        "NSADMIN_ALLOWED_HOSTS": f"{HOST}:{port},{HOST}:*,localhost:*",
        "NSADMIN_INSECURE_HTTP": "1",
        "NSADMIN_RATE_LIMIT": "6000/minute",
        "NSADMIN_ORGANIZATION_RATE_LIMIT": "30000/minute",
        "NSADMIN_REQUIRE_STAFF_MFA": "0",
        # One day at a desk of one's own.
        "NSADMIN_SESSION_IDLE_S": "43200",
        "NSADMIN_STATIC_ROOT": str(directory.path / "static"),
        "NSADMIN_MAIL_BACKEND": "file",
        "NSADMIN_MAIL_DIR": str(directory.mails),
        "PYTHONUNBUFFERED": "1",
    }
    if dedicated := servers.qdrant("qdrant_dedicated"):
        ours["NSADMIN_CLUSTER_HOSTS"] = f"{dedicated['url'].rpartition('/')[2]}=*"
    return ours | {n: v for n, v in given.items() if v} | dict(servers.env)
