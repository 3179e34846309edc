"""The neighbors of a document: by which vector, how many, within the filter or not."""

from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpRequest

from nsadmin.documents.collection import Opened
from nsadmin.documents.document import Document
from nsadmin.documents.fields import Catalogue
from nsadmin.documents.neighbors import neighbors
from nsadmin.documents.query.filters import EVERY, Filter
from nsadmin.documents.query.rows import Pair
from nsadmin.pages.documents.rows import row_views, short_names

COUNTS: Final = (10, 25, 50, 100)


def nearest_context(
    request: HttpRequest,
    opened: Opened,
    known: Catalogue,
    shown: Document,
    kept: Sequence[Pair],
) -> dict[str, Any]:
    """Return the form of the neighbors and, for a document with vectors, the rows.

    Raises as `neighbors` does.
    """
    own = [vector.name for vector in shown.vectors]
    given = request.GET.get("vector")
    chosen = given if given is not None else next(iter(own), None)
    count = next((n for n in COUNTS if request.GET.get("k") == str(n)), COUNTS[0])
    asked = Filter.from_query(kept, known.types)
    keeps = bool(asked) and request.GET.get("keep", "1") == "1"
    words = short_names(own)
    context: dict[str, Any] = {
        "vector_choices": [(name, words[name], name == chosen) for name in own],
        "counts": [(n, n == count) for n in COUNTS],
        "keeps": keeps,
        "kept": asked,
        "kept_pairs": kept,
    }
    if chosen is None:
        return context
    columns = known.columns(2)
    found = neighbors(
        opened,
        str(shown.point_id),
        vector=chosen,
        count=count,
        asked=asked if keeps else EVERY,
        columns=columns,
    )
    rows = row_views(
        found.rows,
        namespace_id=opened.view.namespace.namespace_id,
        columns=found.columns,
        vectors=known.vectors,
        kept=kept,
    )
    return context | {"found": found, "rows": rows}
