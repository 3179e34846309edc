"""Sessions, cookies, transport security, and what pages may load."""

from csp.constants import NONE, SELF

from nsadmin.settings.environment import (
    NSADMIN_HSTS_PRELOAD,
    NSADMIN_HSTS_SUBDOMAINS,
    NSADMIN_INSECURE_HTTP,
    NSADMIN_PROXY_COUNT,
    NSADMIN_SESSION_MAX_S,
)

SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_CACHE_ALIAS = "sessions"
SESSION_COOKIE_AGE = NSADMIN_SESSION_MAX_S
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not NSADMIN_INSECURE_HTTP
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "nsadmin.pages.common.error_pages.csrf"
SECURE_SSL_REDIRECT = not NSADMIN_INSECURE_HTTP
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if NSADMIN_INSECURE_HTTP else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = NSADMIN_HSTS_SUBDOMAINS
SECURE_HSTS_PRELOAD = NSADMIN_HSTS_PRELOAD
# Other hosts of the domain may still be without TLS: only an operator can know.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if NSADMIN_PROXY_COUNT > 0 else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# The web server refuses a larger body, without our envelope and without reading it.
MAX_BODY_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
