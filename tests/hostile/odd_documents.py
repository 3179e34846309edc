"""Odd documents, as other programs may leave them in the namespace store.

Each is a healthy document with some values replaced; `faults` are the sentences that
name what cannot be read, none where everything can. `MISSING` removes a key.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import Int64, ObjectId
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128

from nsadmin.namespaces.schema.text import name_key

MISSING: Any = object()
WHOLE = "a whole number from 0 to 2,147,483,647"
YEARS = "a date in the years 1900 to 8999"
TYPES = "one of keyword, integer, float, bool, geo, datetime, text, uuid"
TIERS = "one of shared, dedicated_cpu, dedicated_gpu"
NUL = "has the character U+0000, expected text without it"
MAX_DATE = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)


@dataclass(frozen=True)
class Odd:
    """One odd document: its name, the values that differ, and its faults."""

    name: str
    values: dict[str, Any]
    faults: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"ns_odd_{self.name}"

    @property
    def _name_key(self) -> Any:
        name = self.values.get("namespace_name", f"odd {self.name}")
        return name_key(name) if isinstance(name, str) else MISSING

    def document(self, internal_id: str) -> dict[str, Any]:
        """Return the whole document, of the organization unless it says otherwise."""
        now = datetime(2026, 11, 28, 12, tzinfo=UTC)
        whole = {
            "_id": self.id,
            "namespace_id": self.id,
            "internal_id": internal_id,
            "namespace_name": f"odd {self.name}",
            "name_key": self._name_key,
            "namespace_type": "standard",
            "scope": "org",
            "infrastructure": {
                "qdrant_collection": self.id,
                "compute_tier": "shared",
            },
            "feature_extractors": [],
            "payload_indexes": [],
            "auto_create_indexes": False,
            "vector_inference_map": {},
            "created_at": now,
            "updated_at": now,
            "revision": 1,
            "observed_revision": 1,
            "changes": [],
            **self.values,
        }
        return {key: value for key, value in whole.items() if value is not MISSING}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def _one(name: str, key: str, value: Any, *faults: str) -> Odd:
    return Odd(name, {key: value}, tuple(f"{key}{fault}" for fault in faults))


def _index(name: str, entry: Any, *faults: str) -> Odd:
    return _one(name, "payload_indexes", [entry], *faults)


def _extractor(name: str, entry: Any, *faults: str) -> Odd:
    return _one(name, "feature_extractors", [entry], *faults)


def _infrastructure(name: str, values: dict[str, Any], *faults: str) -> Odd:
    return _one(name, "infrastructure", {"compute_tier": "shared", **values}, *faults)


FACE = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
FILES = {"feature_extractor_name": "universal_extractor", "version": "v1"}

INDEXES = [
    _index("index_null", None, ".0 is null, expected an object"),
    _index("index_text", "title", ".0 is text, expected an object"),
    _index("index_list", ["title"], ".0 is a list, expected an object"),
    _one("indexes_object", "payload_indexes", {"title": {"type": "keyword"}},
         " is an object, expected a list"),
    _one("indexes_text", "payload_indexes", "title", " is text, expected a list"),
    _index("index_nameless", {"type": "keyword"},
           ".0.field_name is missing, expected text"),
    _index("index_number", {"field_name": 7, "type": "keyword"},
           ".0.field_name is a number, expected text"),
    _index("index_nul", {"field_name": "a\0b", "type": "keyword"}, f".0.field_name {NUL}"),
    _index("index_long", {"field_name": "a" * 300, "type": "keyword"},
           ".0.field_name has 300 characters, expected at most 255"),
    _index("index_typeless", {"field_name": "title"}, ".0.type is missing"),
    _index("index_unknown", {"field_name": "title", "type": "sparse"},
           f".0.type is “sparse”, expected {TYPES}"),
    _index("index_type_list", {"field_name": "title", "type": ["text"]},
           f".0.type is a list, expected {TYPES}"),
    _index("schema_text", {"field_name": "title", "field_schema": "keyword"},
           ".0.field_schema is text, expected an object"),
    _index("schema_number",
           {"field_name": "title", "type": "text", "field_schema": {"min_token_len": "2"}},
           f".0.field_schema.min_token_len is text, expected {WHOLE}"),
    _index("schema_flag",
           {"field_name": "title", "type": "keyword", "field_schema": {"is_tenant": 1}},
           ".0.field_schema.is_tenant is a number, expected true or false"),
    _index("schema_foreign",
           {"field_name": "title", "type": "text", "field_schema": {"more": {"x": 1}}}),
    _one("indexes_many", "payload_indexes",
         [{"field_name": f"f{n}", "type": "keyword"} for n in range(10_000)],
         " has 10,000 entries, expected at most 1,000"),
    _one("muted", "muted_auto_indexes", [{}], ".0 is an object, expected text"),
]  # fmt: skip

EXTRACTORS = [
    _extractor("extractor_null", None, ".0 is null, expected an object"),
    _extractor("extractor_nameless", {"version": "v1"},
               ".0.feature_extractor_name is missing"),
    _extractor("extractor_unversioned", {"feature_extractor_name": "text_extractor"},
               ".0.version is missing"),
    _extractor("extractor_number", {**FACE, "version": 1},
               ".0.version is a number, expected text"),
    _one("extractors_text", "feature_extractors", "text_extractor",
         " is text, expected a list"),
    _extractor("params_text", {**FACE, "params": "x"},
               ".0.params is text, expected an object"),
    _extractor("params_size", {**FILES, "params": {"output_dimensionality": [1]}},
               ".0.params.output_dimensionality is a list, "
               "expected a whole number from 256 to 3,072"),
    _one("inference_list", "vector_inference_map", ["a"], " is a list, expected an object"),
    _one("inference_number", "vector_inference_map", {"a": 1},
         ".a is a number, expected text"),
]  # fmt: skip

PLACES = [
    _one("infra_text", "infrastructure", "shared", " is text, expected an object"),
    _one("infra_list", "infrastructure", [1], " is a list, expected an object"),
    _infrastructure("tier_unknown", {"compute_tier": "dedicated_tpu"},
                    f".compute_tier is “dedicated_tpu”, expected {TIERS}"),
    _infrastructure("tier_number", {"compute_tier": 5},
                    f".compute_tier is a number, expected {TIERS}"),
    _infrastructure("collection_number", {"qdrant_collection": 5},
                    ".qdrant_collection is a number, expected text"),
    _infrastructure("url_list", {"compute_tier": "dedicated_cpu", "qdrant_url": ["x"]},
                    ".qdrant_url is a list, expected text"),
    _infrastructure("workers_text", {"max_workers": "many"},
                    f".max_workers is text, expected {WHOLE}"),
    _infrastructure("scaling_text", {"autoscaling_enabled": "yes"},
                    ".autoscaling_enabled is text, expected true or false"),
    _infrastructure("sealed_text", {"qdrant_api_key_sealed": "canary"},
                    ".qdrant_api_key_sealed is text, expected an object"),
    _infrastructure("infra_deep", {"compute_profiles": nested(60)},
                    ".compute_profiles is nested deeper than 32 levels"),
]  # fmt: skip

NUMBERS = [
    _one("revision_text", "revision", "abc", f" is text, expected {WHOLE}"),
    _one("revision_huge", "revision", 1e300, f" is 1e+300, expected {WHOLE}"),
    _one("revision_2_40", "revision", Int64(2**40),
         f" is 1,099,511,627,776, expected {WHOLE}"),
    _one("revision_negative", "revision", -1, f" is -1, expected {WHOLE}"),
    _one("revision_true", "revision", True, f" is true or false, expected {WHOLE}"),
    _one("revision_double", "revision", 3.0),
    _one("observed_list", "observed_revision", [1], f" is a list, expected {WHOLE}"),
]  # fmt: skip

TEXTS = [
    _one("name_nul", "namespace_name", "a\0b", f" {NUL}"),
    _one("name_long", "namespace_name", "n" * 304,
         " has 304 characters, expected at most 128"),
    _one("name_number", "namespace_name", 12, " is a number, expected text"),
    _one("nameless", "namespace_name", MISSING, " is missing"),
    _one("description_list", "description", ["a"], " is a list, expected text"),
    _one("description_nul", "description", "a\0b", f" {NUL}"),
    _one("description_huge", "description", "d" * 1_000_000,
         " has 1,000,000 characters, expected at most 20,000"),
    _one("clone_status", "clone_status", "paused",
         " is “paused”, expected one of ready, cloning, failed, deleting"),
    _one("scope", "scope", "public", " is “public”, expected one of org, system"),
    _one("type_number", "namespace_type", 1,
         " is a number, expected one of standard, marketplace"),
    _one("protected", "protected", "yes", " is text, expected true or false"),
    _one("automatic", "auto_create_indexes", "yes", " is text, expected true or false"),
    _one("cluster", "cluster_id", {"x": 1}, " is an object, expected text"),
    _one("source_long", "source_namespace_id", "s" * 200,
         " has 200 characters, expected at most 128"),
    _one("another_id", "namespace_id", "ns_odd_scope",
         " is not the same as _id, by which it is found"),
]  # fmt: skip

OPERATIONS = [
    _one("deletion_true", "deletion", True,
         " is true or false, expected an object"),
    _one("deletion_text", "deletion", "soon", " is text, expected an object"),
    _one("deletion_task", "deletion", {"task_id": 5},
         ".task_id is a number, expected text"),
    _one("deletion_job", "deletion", {"task_id": "j"},
         ".task_id is “j”, expected a UUID"),
    _one("clone_job", "clone_task_id", "j" * 65,
         " has 65 characters, expected at most 64"),
    _one("changes_text", "changes", "abc", " is text, expected a list"),
    _one("changes_null", "changes", [None], ".0 is null, expected an object"),
    _one("pending_text", "pending", ["x"], ".0 is text, expected an object"),
    _one("pending_object", "pending", {"op_id": "x"}, " is an object, expected a list"),
    _one("pending_stepless", "pending", [{"op_id": "x", "revision": 1}],
         ".0.steps is missing, expected a list of objects"),
]  # fmt: skip

DATES = [
    _one("expires_max", "expires_at", MAX_DATE, f" is in the year 9999, expected {YEARS}"),
    _one("warned_max", "expiry_warned_at", MAX_DATE,
         f" is in the year 9999, expected {YEARS}"),
    _one("updated_max", "updated_at", MAX_DATE,
         f" is in the year 9999, expected {YEARS}"),
    _one("created_text", "created_at", "yesterday", " is text, expected a date"),
    _one("deleted_text", "deleted_at", "yesterday", " is text, expected a date"),
    _one("purge_number", "purge_after", 5, " is a number, expected a date"),
]  # fmt: skip

# Of nobody's organization: staff alone see them.
UNOWNED = [
    _one("owner_number", "internal_id", 5, " is a number, expected text"),
    _one("owner_long", "internal_id", "i" * 65, " has 65 characters, expected at most 64"),
    _one("ownerless", "internal_id", MISSING, " is missing"),
]  # fmt: skip

# Everything that the product reads of them can be read.
READABLE = [
    _one("foreign_nul", "note", "a\0b"),
    _one("foreign_deep", "more", nested(60)),
    _one("foreign_large", "blob", ["x" * 1000] * 2000),
    _one("foreign_bytes", "more", b"\x00\xff"),
    _one("foreign_date", "more", {"date": {"$date": "not a date"}}),
]

LISTED = [
    *INDEXES,
    *EXTRACTORS,
    *PLACES,
    *NUMBERS,
    *TEXTS,
    *OPERATIONS,
    *DATES,
    *READABLE,
]

# Which the embedded server does not store: they are read and mirrored without one.
BEYOND_JSON = [
    _one("foreign_nan", "score", math.nan),
    _one("revision_nan", "revision", math.nan, f" is nan, expected {WHOLE}"),
    _infrastructure("gpus_infinite", {"gpus_per_worker": math.inf},
                    f".gpus_per_worker is inf, expected {WHOLE}"),
    _one("date_beyond", "expires_at", DatetimeMS(10**15),
         " is a date beyond the year 9999, expected a date"),
    _one("decimal", "revision", Decimal128("1.5"),
         f" is a decimal number, expected {WHOLE}"),
    _one("surrogates", "description", "a\udcff",
         " has bytes that are not UTF-8, expected text"),
    _one("id_object", "_id", ObjectId("0123456789abcdef01234567"),
         " is an ObjectId, expected text"),
]  # fmt: skip

# {name: _id} of documents that no page can have in its address.
NO_ADDRESS: dict[str, Any] = {
    "an object id": ObjectId("0123456789abcdef01234567"),
    "a number": 12345,
    "too long": "ns_" + "x" * 200,
    "too long too": "ns_" + "x" * 201,
    "a slash": "ns_odd/slash",
    "a page": "new",
    "a line": "ns_odd\nline",
}
