"""Every setting that an operator gives, read from the environment.

No other module reads it. Our own settings begin with NSADMIN_, here and in the
environment, so a setting has one name everywhere. Every default is the secure one.
A value out of the range or form that stands here keeps every process but `check` from
starting; what more than one setting or a store decides is left to the system checks.
"""

import os
import sys
from pathlib import Path

from nsadmin.settings import rules
from nsadmin.settings.reading import Environment, refuse

env = Environment()
BASE_DIR = Path(__file__).resolve().parents[2]
# The wheel has `templates` and `static` inside the package, a checkout beside it.
_IN_WHEEL = BASE_DIR / "nsadmin" / "files"
FILES_DIR = _IN_WHEEL if _IN_WHEEL.is_dir() else BASE_DIR

# Secrets: the key that signs cookies, and the key of all keyed hashes. Several peppers
# are separated by commas: the first keys what is new, all of them verify.
NSADMIN_SECRET_KEY: str = env.str("NSADMIN_SECRET_KEY", "")
NSADMIN_KEY_PEPPER: str = env.str("NSADMIN_KEY_PEPPER", "")
# Keys for stored secrets, each "id:base64 of 32 bytes", separated by commas. The first
# key encrypts; all of them decrypt.
NSADMIN_SEAL_KEYS: list[str] = env.list("NSADMIN_SEAL_KEYS", [])
# Stores: the namespace store, the shared Qdrant cluster, Redis, the SQL database.
NSADMIN_MONGODB_URL: str = env.str("NSADMIN_MONGODB_URL", "")
NSADMIN_QDRANT_URL: str = env.text("NSADMIN_QDRANT_URL", "", rules.address)
NSADMIN_QDRANT_API_KEY: str = env.str("NSADMIN_QDRANT_API_KEY", "")
NSADMIN_REDIS_URL: str = env.str("NSADMIN_REDIS_URL", "")
# Qdrant's limit on the bytes of a request, `service.max_request_size_mb` of the server.
NSADMIN_QDRANT_MAX_BODY_BYTES: int = env.integer(
    "NSADMIN_QDRANT_MAX_BODY_BYTES", 32 << 20, least=1 << 20, most=1 << 40
)
NSADMIN_DATABASE_URL: str = env.text("DATABASE_URL", "", rules.database)
# Files with the certificates, as PEM, of private authorities that sign those of the
# stores. Qdrant's is trusted beside the public ones, the others in their place.
NSADMIN_MONGODB_CA_FILE: str = env.str("NSADMIN_MONGODB_CA_FILE", "")
NSADMIN_QDRANT_CA_FILE: str = env.str("NSADMIN_QDRANT_CA_FILE", "")
NSADMIN_REDIS_CA_FILE: str = env.str("NSADMIN_REDIS_CA_FILE", "")
# Private addresses of dedicated clusters, each for the organization that may use it:
# host:port=org_…, or host:port=* for every organization.
NSADMIN_CLUSTER_HOSTS: list[str] = env.list("NSADMIN_CLUSTER_HOSTS", [])
# Private addresses of organizations' webhooks, in the same way.
NSADMIN_WEBHOOK_HOSTS: list[str] = env.list("NSADMIN_WEBHOOK_HOSTS", [])
# Ports of dedicated clusters beside 443, 6333, 6334 and 8443.
NSADMIN_CLUSTER_PORTS: list[int] = [
    int(port) for port in env.entries("NSADMIN_CLUSTER_PORTS", [], rules.ports)
]
# The most documents and bytes of one export of documents.
NSADMIN_EXPORT_DOCUMENTS: int = env.integer(
    "NSADMIN_EXPORT_DOCUMENTS", 100_000, least=1, most=1_000_000_000
)
NSADMIN_EXPORT_BYTES: int = env.integer(
    "NSADMIN_EXPORT_BYTES", 256 << 20, least=1 << 10, most=1 << 40
)
# How long Qdrant is waited for, in seconds: by a plan, by a page, by one request of the
# regular samples, and by any other call from its start to the end of the answer.
NSADMIN_PLAN_TIMEOUT_S: float = env.number(
    "NSADMIN_PLAN_TIMEOUT_S", 5, least=0.1, most=300
)
NSADMIN_PAGE_TIMEOUT_S: float = env.number(
    "NSADMIN_PAGE_TIMEOUT_S", 2, least=0.1, most=60
)
NSADMIN_SAMPLE_TIMEOUT_S: float = env.number(
    "NSADMIN_SAMPLE_TIMEOUT_S", 1, least=0.1, most=300
)
NSADMIN_CLUSTER_DEADLINE_S: float = env.number(
    "NSADMIN_CLUSTER_DEADLINE_S", 30, least=1, most=3600
)
# The most bytes of an answer of Qdrant; of one about points or of its telemetry.
NSADMIN_CLUSTER_MAX_BYTES: int = env.integer(
    "NSADMIN_CLUSTER_MAX_BYTES", 8 << 20, least=1 << 20, most=1 << 40
)
NSADMIN_QDRANT_MAX_ANSWER_BYTES: int = env.integer(
    "NSADMIN_QDRANT_MAX_ANSWER_BYTES", 64 << 20, least=1 << 20, most=1 << 40
)
# The most bytes of the counts of all collections of a cluster, and their seconds.
NSADMIN_QDRANT_METRICS_BYTES: int = env.integer(
    "NSADMIN_QDRANT_METRICS_BYTES", 256 << 20, least=1 << 20, most=1 << 40
)
NSADMIN_QDRANT_METRICS_S: float = env.number(
    "NSADMIN_QDRANT_METRICS_S", 60, least=1, most=3600
)
# How the points of a collection may be brought to another one (snapshot, stream; pages
# is always allowed), the longest call for it in seconds, and how many ranges of ids
# pages read and write side by side.
NSADMIN_TRANSFER_WAYS: list[str] = env.entries(
    "NSADMIN_TRANSFER_WAYS", ["snapshot", "stream", "pages"], rules.transfer_ways
)
NSADMIN_TRANSFER_CALL_S: float = env.number(
    "NSADMIN_TRANSFER_CALL_S", 3600, least=1, most=7 * 86_400
)
NSADMIN_TRANSFER_RANGES: int = env.integer(
    "NSADMIN_TRANSFER_RANGES", 4, least=1, most=64
)
# The limit on API requests.
NSADMIN_RATE_LIMIT: str = env.text("NSADMIN_RATE_LIMIT", "600/minute", rules.rate)
# The same for all keys of an organization, and how many valid keys it may have.
NSADMIN_ORGANIZATION_RATE_LIMIT: str = env.text(
    "NSADMIN_ORGANIZATION_RATE_LIMIT", "3000/minute", rules.rate
)
NSADMIN_MAX_API_KEYS: int = env.integer(
    "NSADMIN_MAX_API_KEYS", 50, least=1, most=100_000
)
# The most days for which a new API key is valid; 0 for no limit.
NSADMIN_KEY_MAX_DAYS: int = env.integer("NSADMIN_KEY_MAX_DAYS", 0, least=0, most=3650)
# Allow plain HTTP, for local use only: no HSTS, cookies without Secure.
NSADMIN_INSECURE_HTTP: bool = env.switch("NSADMIN_INSECURE_HTTP", default=False)
# Whether staff of the platform need a second factor.
NSADMIN_REQUIRE_STAFF_MFA: bool = env.switch("NSADMIN_REQUIRE_STAFF_MFA", default=True)
# The seconds after which a session ends: without activity, and since the sign-in.
NSADMIN_SESSION_IDLE_S: int = env.integer(
    "NSADMIN_SESSION_IDLE_S", 1800, least=10, most=365 * 86_400
)
NSADMIN_SESSION_MAX_S: int = env.integer(
    "NSADMIN_SESSION_MAX_S", 43_200, least=60, most=365 * 86_400
)
# Identity providers for single sign-on: a list in JSON, or the path of a file with one.
NSADMIN_SSO: str = env.str("NSADMIN_SSO", "")
# The number of proxies in front, whose X-Forwarded headers are believed. The former
# NSADMIN_TRUST_PROXY=1 stands for one.
NSADMIN_PROXY_COUNT: int = env.integer(
    "NSADMIN_PROXY_COUNT",
    int(env.switch("NSADMIN_TRUST_PROXY", default=False)),
    least=0,
    most=100,
)
# Whether HSTS also binds all subdomains of the host, and asks browsers to preload it.
NSADMIN_HSTS_SUBDOMAINS: bool = env.switch("NSADMIN_HSTS_SUBDOMAINS", default=False)
NSADMIN_HSTS_PRELOAD: bool = env.switch("NSADMIN_HSTS_PRELOAD", default=False)
# The number of days in which a namespace deleted in the pages can be restored.
NSADMIN_TOMBSTONE_DAYS: int = env.integer(
    "NSADMIN_TOMBSTONE_DAYS", 7, least=1, most=3650
)
# In 24 hours the platform deletes at most this number of namespaces by itself, or this
# share of all in percent if that is more; the others wait for a platform admin.
NSADMIN_DELETIONS_PER_DAY: int = env.integer(
    "NSADMIN_DELETIONS_PER_DAY", 20, least=0, most=1_000_000
)
NSADMIN_DELETIONS_PERCENT: int = env.integer(
    "NSADMIN_DELETIONS_PERCENT", 10, least=0, most=100
)
# A purge that fails for this many days leaves the collection behind.
NSADMIN_PURGE_GIVE_UP_DAYS: int = env.integer(
    "NSADMIN_PURGE_GIVE_UP_DAYS", 7, least=1, most=3650
)
# After a move to another cluster the old collection is kept for this many days.
NSADMIN_MOVE_FALLBACK_DAYS: int = env.integer(
    "NSADMIN_MOVE_FALLBACK_DAYS", 7, least=0, most=3650
)
# The result of a comparison of two namespaces is kept for this many days.
NSADMIN_COMPARISON_DAYS: int = env.integer(
    "NSADMIN_COMPARISON_DAYS", 30, least=1, most=3650
)
# The platform's webhook for requests to process again, and its secret: whsec_ and
# base64 of 24 to 64 bytes. Without them workers of the platform claim requests.
NSADMIN_REPROCESS_WEBHOOK_URL: str = env.str("NSADMIN_REPROCESS_WEBHOOK_URL", "")
NSADMIN_REPROCESS_WEBHOOK_SECRET: str = env.str("NSADMIN_REPROCESS_WEBHOOK_SECRET", "")
# Names of hosts, each as host or host:port; * stands for any port. Further origins that
# may post forms.
NSADMIN_ALLOWED_HOSTS: list[str] = env.entries("NSADMIN_ALLOWED_HOSTS", [], rules.hosts)
CSRF_TRUSTED_ORIGINS: list[str] = env.entries(
    "NSADMIN_TRUSTED_ORIGINS", [], rules.origins
)
# Mail: `smtp`, `file` or `console`; empty is `smtp` if there is a host, else no mail.
NSADMIN_MAIL_BACKEND: str = env.str("NSADMIN_MAIL_BACKEND", "")
# The server of `smtp`; the port 0 is the usual one of NSADMIN_MAIL_TLS, which is
# `starttls`, `implicit` or `none`. The file has the PEM of a private authority.
NSADMIN_MAIL_HOST: str = env.str("NSADMIN_MAIL_HOST", "")
NSADMIN_MAIL_PORT: int = env.integer("NSADMIN_MAIL_PORT", 0, least=0, most=65_535)
NSADMIN_MAIL_TLS: str = env.text("NSADMIN_MAIL_TLS", "starttls", rules.mail_tls)
NSADMIN_MAIL_CA_FILE: str = env.str("NSADMIN_MAIL_CA_FILE", "")
NSADMIN_MAIL_USER: str = env.str("NSADMIN_MAIL_USER", "")
NSADMIN_MAIL_PASSWORD: str = env.str("NSADMIN_MAIL_PASSWORD", "")
# The address that mails come from, such as `nsadmin <nsadmin@example.org>`.
NSADMIN_MAIL_FROM: str = env.str("NSADMIN_MAIL_FROM", "")
# The most seconds that the server may take, however slowly it answers: from its name to
# the end of the sign-in, and for each mail.
NSADMIN_MAIL_TIMEOUT_S: float = env.number(
    "NSADMIN_MAIL_TIMEOUT_S", 20, least=0.1, most=30
)
# The folder in which `file` keeps mails.
NSADMIN_MAIL_DIR: str = env.str("NSADMIN_MAIL_DIR", "")
# Former names of these settings that are still set, for the system check.
NSADMIN_FORMER_MAIL: list[str] = [
    name
    for name in ("NSADMIN_EMAIL_BACKEND", "NSADMIN_EMAIL_HOST", "NSADMIN_EMAIL_FROM")
    if env.str(name, "")
]
# Where `collectstatic` puts files: in a checkout, or in the environment of the wheel.
_COLLECTED = (
    Path(sys.prefix, "var", "nsadmin") if FILES_DIR == _IN_WHEEL else BASE_DIR
) / "staticfiles"
STATIC_ROOT: str = env.str("NSADMIN_STATIC_ROOT", str(_COLLECTED))
# The process that systemd has opened a socket for.
LISTEN_PID: int = env.integer("LISTEN_PID", 0, least=0, most=1 << 31)
NSADMIN_LOG_LEVEL: str = env.text("NSADMIN_LOG_LEVEL", "INFO", rules.log_level).upper()
# Metrics: the key that `/metrics` asks for, without which it is not there; the port on
# which the web server and workers tell them as well, 0 for none, and its address; the
# folder in which the processes of a machine count together.
NSADMIN_METRICS_KEY: str = env.str("NSADMIN_METRICS_KEY", "")
NSADMIN_METRICS_PORT: int = env.integer("NSADMIN_METRICS_PORT", 0, least=0, most=65_535)
NSADMIN_METRICS_HOST: str = env.str("NSADMIN_METRICS_HOST", "127.0.0.1")
NSADMIN_METRICS_DIR: str = env.text("NSADMIN_METRICS_DIR", "", rules.folder)
if NSADMIN_METRICS_DIR:
    # prometheus_client reads it when it is imported, which is after the settings.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = NSADMIN_METRICS_DIR
# The file that a worker, beat or the mirror renews while its main loop turns, which
# `nsadmin alive` reads; each process needs its own.
NSADMIN_HEARTBEAT_FILE: str = env.text(
    "NSADMIN_HEARTBEAT_FILE", "", rules.file_to_write
)
# Where traces go, a collector of OpenTelemetry over HTTP such as http://host:4318, and
# where unexpected errors are reported. Each needs its extra of the package.
NSADMIN_OTEL_ENDPOINT: str = env.text("NSADMIN_OTEL_ENDPOINT", "", rules.address)
NSADMIN_SENTRY_DSN: str = env.text("NSADMIN_SENTRY_DSN", "", rules.sentry_dsn)
# Whether the embedded servers and the demo are installed. They are not part of
# production: `nsadmin.cli` sets this for the commands that need them.
NSADMIN_EMBEDDED: bool = env.switch("NSADMIN_EMBEDDED", default=False)
# The file with the logins of a demo, which its sign-in page offers by a button each.
# Only the demo sets it; a system check refuses it elsewhere.
NSADMIN_DEMO_LOGINS: str = env.str("NSADMIN_DEMO_LOGINS", "")
# {setting: what is wrong with it}. Only `check` goes on, on their defaults: it tells
# these faults beside all others.
NSADMIN_REFUSED: dict[str, str] = env.faults()
if sys.argv[1:2] != ["check"]:
    refuse(NSADMIN_REFUSED)
# What looks like a setting and is none, and what is one, for the system check.
NSADMIN_UNKNOWN_NAMES: list[str] = env.unknown_names()
NSADMIN_KNOWN_NAMES: list[str] = sorted(env.known_names())
