"""The sample: lists learn of silence without anybody looking, and of its end."""

from nsadmin.health.sampler import sample
from nsadmin.namespaces import observe
from nsadmin.namespaces.models import LastLook, MirroredNamespace


def health():
    return set(MirroredNamespace.objects.values_list("health", flat=True))


def test_one_silent_answer_covers_the_whole_cluster(cast, settings):
    assert sample() == 3
    assert health() == {"ready"}
    address = settings.NSADMIN_QDRANT_URL
    settings.NSADMIN_QDRANT_URL = "http://127.0.0.1:9"
    for row in LastLook.objects.all():
        observe.invalidate(row.namespace_id)
    assert sample() == 0
    assert health() == {"unknown"}
    assert not MirroredNamespace.objects.filter(health_since=None).exists()
    assert not MirroredNamespace.objects.filter(document_count=None).exists()

    settings.NSADMIN_QDRANT_URL = address
    for namespace in (cast.own, cast.foreign, cast.system):
        observe.snapshot(namespace, force=True)
    assert health() == {"ready"}
