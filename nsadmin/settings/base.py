"""The application: its hosts, routes, language, time zone and static files."""

import re
import secrets

from nsadmin.settings.environment import (
    FILES_DIR,
    NSADMIN_ALLOWED_HOSTS,
    NSADMIN_SECRET_KEY,
)

# Without a key, a random one lets commands run; the system check refuses to serve.
SECRET_KEY = NSADMIN_SECRET_KEY or secrets.token_urlsafe(48)
DEBUG = False
# Django compares hosts alone, and `HostPortMiddleware` the ports.
ALLOWED_HOSTS: list[str] = [
    re.sub(r":(\d+|\*)$", "", entry) for entry in NSADMIN_ALLOWED_HOSTS
]
ROOT_URLCONF = "nsadmin.urls"
WSGI_APPLICATION = "nsadmin.wsgi.application"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [FILES_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages link only hashed names
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
