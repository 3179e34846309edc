"""How the HTML of the pages is found and rendered."""

from typing import Any

from nsadmin.settings.environment import BASE_DIR

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
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [_CACHED])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "nsadmin.pages.common.context_processors.frame",
            ],
        },
    }
]
