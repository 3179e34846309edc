"""How the HTML of the pages is found and rendered."""

from typing import Any

from nsadmin.settings.environment import FILES_DIR

_CACHED = (
    "django.template.loaders.cached.Loader",
    [
        "nsadmin.pages.template_loader.Loader",
        "django.template.loaders.app_directories.Loader",
    ],
)
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FILES_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [_CACHED])],
            "builtins": ["nsadmin.pages.templatetags.tokens"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "nsadmin.pages.common.context_processors.frame",
            ],
        },
    }
]
