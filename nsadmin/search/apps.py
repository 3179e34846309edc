"""Django's registration of this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class SearchConfig(AppConfig):
    """The room `search`."""

    name = "nsadmin.search"
    label = "search"

    def ready(self) -> None:
        """Drop the triggers before migrations, install them and the index after."""
        from nsadmin.trigrams.install import install, remove

        pre_migrate.connect(remove, sender=self, dispatch_uid="search_triggers")
        post_migrate.connect(install, sender=self, dispatch_uid="search_index")
