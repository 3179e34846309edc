"""Django's registration of this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SearchConfig(AppConfig):
    """The room `search`."""

    name = "nsadmin.search"
    label = "search"

    def ready(self) -> None:
        """Install the index and its triggers after every migration."""
        from nsadmin.search.install import install

        post_migrate.connect(install, sender=self, dispatch_uid="search_index")
