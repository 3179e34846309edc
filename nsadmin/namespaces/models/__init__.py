"""Rows of this room; those of the mirror and of Qdrant can be dropped and rebuilt."""

from nsadmin.namespaces.models.clusters import ClusterReading, ClusterSlot
from nsadmin.namespaces.models.deletions import (
    DeletionHold,
    DeletionRun,
    HealingTurn,
    ReaperHold,
)
from nsadmin.namespaces.models.lists import ListCount, ListedExtractor
from nsadmin.namespaces.models.looks import LastLook, LookSlot
from nsadmin.namespaces.models.mirrored import (
    MirroredDocument,
    MirroredNamespace,
    MirrorFill,
    MirrorState,
)
from nsadmin.namespaces.models.saved_views import SavedView

__all__ = [
    "ClusterReading",
    "ClusterSlot",
    "DeletionHold",
    "DeletionRun",
    "HealingTurn",
    "LastLook",
    "ListCount",
    "ListedExtractor",
    "LookSlot",
    "MirrorFill",
    "MirrorState",
    "MirroredDocument",
    "MirroredNamespace",
    "ReaperHold",
    "SavedView",
]
