"""Mail: Django's settings, made of those that an operator gives."""

from nsadmin.settings.environment import (
    NSADMIN_MAIL_BACKEND,
    NSADMIN_MAIL_DIR,
    NSADMIN_MAIL_FROM,
    NSADMIN_MAIL_HOST,
    NSADMIN_MAIL_PASSWORD,
    NSADMIN_MAIL_PORT,
    NSADMIN_MAIL_TIMEOUT_S,
    NSADMIN_MAIL_TLS,
    NSADMIN_MAIL_USER,
)

# How mails leave: `smtp`, `file`, `console`, or `none` without mail.
NSADMIN_MAIL_WAY = NSADMIN_MAIL_BACKEND or ("smtp" if NSADMIN_MAIL_HOST else "none")
_BACKENDS = {
    "smtp": "nsadmin.mail.backends.smtp.EmailBackend",
    "file": "nsadmin.mail.backends.folder.EmailBackend",
    "console": "django.core.mail.backends.console.EmailBackend",
}
_PORTS = {"starttls": 587, "implicit": 465}
EMAIL_BACKEND = _BACKENDS.get(
    NSADMIN_MAIL_WAY, "django.core.mail.backends.dummy.EmailBackend"
)
EMAIL_HOST = NSADMIN_MAIL_HOST
EMAIL_PORT = NSADMIN_MAIL_PORT or _PORTS.get(NSADMIN_MAIL_TLS, 25)
EMAIL_HOST_USER = NSADMIN_MAIL_USER
EMAIL_HOST_PASSWORD = NSADMIN_MAIL_PASSWORD
EMAIL_USE_TLS = NSADMIN_MAIL_TLS == "starttls"
EMAIL_USE_SSL = NSADMIN_MAIL_TLS == "implicit"
EMAIL_TIMEOUT = NSADMIN_MAIL_TIMEOUT_S
EMAIL_FILE_PATH = NSADMIN_MAIL_DIR
DEFAULT_FROM_EMAIL = SERVER_EMAIL = NSADMIN_MAIL_FROM or "nsadmin@localhost"
