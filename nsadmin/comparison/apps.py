"""Django app configuration."""

from django.apps import AppConfig


class ComparisonConfig(AppConfig):
    name = "nsadmin.comparison"
    label = "comparison"

    def ready(self) -> None:
        """Import `job`, which registers the job kind `compare`."""
        from nsadmin.comparison import job  # noqa: F401
