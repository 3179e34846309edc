"""A program that inserts until its server dies and prints each acknowledged id.

python -m tests.contract.namespace_store.inserting URL DATABASE
"""

import sys
from itertools import count
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

if __name__ == "__main__":
    url, database = sys.argv[1:]
    with MongoClient[dict[str, Any]](url, retryWrites=False) as client:
        documents = client[database]["namespaces"]
        for number in count():
            document = {"_id": f"ns_{number:06}", "revision": 0, "text": "x" * 500}
            try:
                documents.insert_one(document)
                documents.replace_one(
                    {"_id": document["_id"], "revision": 0}, {**document, "revision": 1}
                )
            except PyMongoError:
                break
            print(document["_id"], flush=True)
