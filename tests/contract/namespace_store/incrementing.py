"""One of several programs that count in the same document by compare-and-set.

python -m tests.contract.namespace_store.incrementing URL DATABASE TIMES
"""

import sys
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection


def increment(namespaces: Collection[dict[str, Any]]) -> int:
    """Count one up, as the application does; how often the race was lost."""
    lost = 0
    while True:
        read = namespaces.find_one({"_id": "ns_counter"})
        assert read is not None
        expected = {key: read[key] for key in ("_id", "revision", "updated_at")}
        changed = {**read, "revision": read["revision"] + 1, "count": read["count"] + 1}
        changed["updated_at"] = datetime.now(UTC)
        if namespaces.replace_one(expected, changed).matched_count:
            return lost
        lost += 1


if __name__ == "__main__":
    url, database, times = sys.argv[1:]
    with MongoClient[dict[str, Any]](url, tz_aware=True) as client:
        documents = client[database]["namespaces"]
        print(sum(increment(documents) for _ in range(int(times))))
