"""The environment variables of the demo's processes."""

from collections.abc import Mapping

from nsadmin.embedded.datadir import DataDirectory
from nsadmin.embedded.servers.local import Servers
from nsadmin.embedded.supervision.ports import HOST


def environment(
    directory: DataDirectory, servers: Servers, given: Mapping[str, str]
) -> dict[str, str]:
    """Settings for a local machine; values of `given` take precedence."""
    keys = directory.secrets()
    ours = {name: key for name, key in keys.items() if name.startswith("NSADMIN_")}
    ours |= {
        "NSADMIN_ALLOWED_HOSTS": f"{HOST}:*,localhost:*",
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
