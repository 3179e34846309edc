"""Payload index schemas: a word or a map of parameters, to the engine's objects."""

from typing import Any

import qdrant_edge as edge

from nsadmin.embedded.qdrant.convert.fields import (
    Json,
    choice,
    optional,
    required,
    typed,
    without_nulls,
)
from nsadmin.embedded.qdrant.errors import invalid

TYPES = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "geo": edge.PayloadSchemaType.Geo,
    "text": edge.PayloadSchemaType.Text,
    "bool": edge.PayloadSchemaType.Bool,
    "datetime": edge.PayloadSchemaType.Datetime,
    "uuid": edge.PayloadSchemaType.Uuid,
}
_PARAMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "keyword": (edge.KeywordIndexParams, ("is_tenant", "on_disk", "enable_hnsw")),
    "integer": (
        edge.IntegerIndexParams,
        ("lookup", "range", "is_principal", "on_disk", "enable_hnsw"),
    ),
    "float": (edge.FloatIndexParams, ("is_principal", "on_disk", "enable_hnsw")),
    "geo": (edge.GeoIndexParams, ("on_disk", "enable_hnsw")),
    "bool": (edge.BoolIndexParams, ("on_disk", "enable_hnsw")),
    "datetime": (edge.DatetimeIndexParams, ("is_principal", "on_disk", "enable_hnsw")),
    "uuid": (edge.UuidIndexParams, ("is_tenant", "on_disk", "enable_hnsw")),
}
_TOKENIZERS = {
    "word": edge.TokenizerType.Word,
    "whitespace": edge.TokenizerType.Whitespace,
    "prefix": edge.TokenizerType.Prefix,
    "multilingual": edge.TokenizerType.Multilingual,
}


_SHOWN_UNSET: dict[str, Json] = {
    "integer": {"lookup": None, "range": None, "is_principal": None},
    "float": {"is_principal": None},
    "datetime": {"is_principal": None},
    "text": {"tokenizer": "word"},
}


def _members(enumeration: Any) -> dict[str, Any]:
    names = [name for name in dir(enumeration) if not name.startswith("_")]
    return {name.lower(): getattr(enumeration, name) for name in names}


_LANGUAGES = _members(edge.Language)
_STEMMERS = _members(edge.SnowballLanguage)


def index_schema(schema: Any) -> str | Json:
    """The checked schema as it is kept and shown: a word, or a map without nulls."""
    if isinstance(schema, str):
        choice(schema, TYPES, "field_schema")
        return schema
    kept = without_nulls(typed(schema, dict, "field_schema"))
    choice(required(kept, "type", str), TYPES, "type")
    if kept["type"] == "integer":
        lookup, ranged = optional(kept, "lookup", bool), optional(kept, "range", bool)
        if lookup is False and ranged is False:
            text = "field_schema: the 'lookup' and 'range' capabilities can't be both"
            raise invalid("JSON body", f"{text} disabled")
    return kept


def engine_schema(schema: str | Json) -> Any:
    """The engine's object for a checked schema."""
    if isinstance(schema, str):
        return TYPES[schema]
    if schema["type"] == "text":
        return _text(schema)
    build, keys = _PARAMS[schema["type"]]
    flags = {key: optional(schema, key, bool) for key in keys}
    return build(**without_nulls(flags))


def shown_params(schema: Json) -> Json:
    """The parameters as the API shows them: some are there when they are not set."""
    return {**_SHOWN_UNSET.get(schema["type"], {}), **schema}


def data_type(schema: str | Json) -> str:
    """The type's name, from either form."""
    return schema if isinstance(schema, str) else str(schema["type"])


def type_name(engine_type: Any) -> str:
    """The type's name, from the engine's enumeration."""
    return next(name for name, member in TYPES.items() if member == engine_type)


def _text(schema: Json) -> Any:
    stemmer = optional(schema, "stemmer", dict)
    return edge.TextIndexParams(
        tokenizer=choice(schema.get("tokenizer", "word"), _TOKENIZERS, "tokenizer"),
        min_token_len=optional(schema, "min_token_len", int),
        max_token_len=optional(schema, "max_token_len", int),
        lowercase=optional(schema, "lowercase", bool),
        ascii_folding=optional(schema, "ascii_folding", bool),
        phrase_matching=optional(schema, "phrase_matching", bool),
        stopwords=_stopwords(schema.get("stopwords")),
        on_disk=optional(schema, "on_disk", bool),
        stemmer=_stemmer(stemmer) if stemmer else None,
        enable_hnsw=optional(schema, "enable_hnsw", bool),
    )


def _stopwords(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return choice(value, _LANGUAGES, "stopwords")
    body = typed(value, dict, "stopwords")
    languages = optional(body, "languages", list) or []
    custom = optional(body, "custom", list) or []
    return edge.StopwordsSet(
        languages={choice(word, _LANGUAGES, "languages") for word in languages},
        custom={typed(word, str, "custom") for word in custom},
    )


def _stemmer(body: Json) -> Any:
    if body.get("type") == "none":
        return edge.DisabledStemmer()
    return edge.SnowballParams(choice(body.get("language"), _STEMMERS, "language"))
