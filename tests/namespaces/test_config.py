"""The configuration: what is read is what was written, and all else is refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsadmin.errors import Invalid
from nsadmin.namespaces.plan.patch_request import make_plan
from nsadmin.namespaces.plan.plan import apply_steps
from nsadmin.namespaces.plan.steps import CreateIndex
from nsadmin.namespaces.schema import config, document
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.payload_indexes import (
    INDEX_DEFAULTS,
    INDEX_TYPES,
    TOKENIZERS,
)
from nsadmin.namespaces.schema.text import clean_description, clean_name

HEAD = "schema: nsadmin/namespace/v1\n"


def a_clean(read: Any) -> Any:
    """Text that the fields accept, in its stored form."""

    def cleaned(text: str) -> str | None:
        try:
            return read(text)
        except Invalid:
            return None

    return cleaned


awkward = st.sampled_from(
    [
        "yes",
        "no",
        "on",
        "off",
        "null",
        "~",
        "12:30",
        "1e3",
        "0x1F",
        "2026-01-02",
        "=1",
        "-",
        "?",
        "a:b",
        "#x",
        "@y",
        "%z",
        "!t",
        "&a",
        "*b",
        "|",
        ">",
        "'q'",
        '"q"',
        "{",
        "[",
        "true",
        ".5",
        "1_000",
        "<<",
        "🎬",
    ]
)
names = st.one_of(st.text(min_size=3, max_size=20), awkward.map(lambda w: f"{w} {w}"))
descriptions = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(awkward, st.just(""), st.just("  x")), max_size=6).map(
        "\n".join
    ),
)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """The parameters of an index, some of them foreign to the contract."""
    kind = draw(st.sampled_from(INDEX_TYPES))
    schema = {**INDEX_DEFAULTS[kind], "type": kind}
    if kind == "text":
        schema["tokenizer"] = draw(st.sampled_from(TOKENIZERS))
        schema["min_token_len"] = draw(st.integers(0, 3))
    if kind in ("keyword", "uuid"):
        schema["is_tenant"] = draw(st.booleans())
    return schema


@st.composite
def namespaces(draw: st.DrawFn) -> dict[str, Any]:
    """A stored document."""
    fields = draw(
        st.dictionaries(
            st.from_regex(
                r"(yes|null|[a-z0-9_-]{1,6})(\.(no|off|1|tags\[\]))?", fullmatch=True
            ),
            schemas(),
            max_size=4,
        )
    )
    raw: dict[str, Any] = {
        "_id": "ns_a",
        "namespace_name": draw(
            names.map(a_clean(clean_name)).filter(lambda name: name is not None)
        ),
        "auto_create_indexes": draw(st.booleans()),
        "infrastructure": {
            "compute_tier": "shared",
            "max_concurrent_jobs": draw(st.integers(1, 1000)),
            "autoscaling_enabled": draw(st.booleans()),
        },
        "feature_extractors": [
            {
                "feature_extractor_name": "face_identity_extractor",
                "version": "v1",
                "params": {},
            }
        ],
        "payload_indexes": [
            {"field_name": f, "type": s["type"], "field_schema": s, "origin": "user"}
            for f, s in fields.items()
        ],
        "revision": 1,
    }
    text = draw(
        descriptions.map(a_clean(clean_description)).filter(lambda t: t is not None)
    )
    return {**raw, "description": text} if text else raw


def of(raw: dict[str, Any]) -> Namespace:
    return document.read(raw)


@given(namespaces())
@settings(max_examples=50, deadline=None)
def test_what_is_exported_changes_nothing(raw: dict[str, Any]) -> None:
    namespace = of(raw)
    text = config.to_yaml(namespace)
    assert config.from_yaml(text).data == config.export_config(namespace)
    patch = config.patch_of(config.from_yaml(text), namespace)
    assert patch.model_dump(exclude_none=True) == {}


@given(namespaces(), namespaces())
@settings(max_examples=150, deadline=None)
def test_what_is_applied_is_what_is_exported(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    text = config.to_yaml(of(wanted))
    patch = config.patch_of(config.from_yaml(text.replace("\n", "\r\n")), of(before))
    plan = make_plan(of(before), patch, actual=None)
    after = of(apply_steps(before, plan.steps))
    assert config.to_yaml(after) == text
    again = config.patch_of(config.from_yaml(text), after)
    assert make_plan(after, again, actual=None).is_empty


def test_the_order_of_what_is_stored_does_not_matter() -> None:
    index = {"type": "float", "field_schema": {"type": "float"}}
    entries = [{"field_name": name, **index} for name in ("b", "a")]
    one = of({"_id": "ns_a", "namespace_name": "x", "payload_indexes": entries})
    other = of({"_id": "ns_a", "namespace_name": "x", "payload_indexes": entries[::-1]})
    assert config.to_yaml(one) == config.to_yaml(other)


def test_parameters_that_the_form_does_not_know_survive() -> None:
    schema = {"type": "integer", "lookup": True, "range": True, "on_disk": True}
    entry = {"field_name": "rank", "type": "integer", "field_schema": schema}
    namespace = of({"_id": "ns_a", "namespace_name": "x", "payload_indexes": [entry]})
    text = config.to_yaml(namespace).replace("range: true", "range: false")
    patch = config.patch_of(config.from_yaml(text), namespace)
    plan = make_plan(namespace, patch, actual=None)
    last = plan.steps[-1]
    assert isinstance(last, CreateIndex)
    assert last.schema == {**schema, "range": False}


REFUSED = {
    "an alias": (HEAD + "description: &a x\nnamespace_name: *a", 2, "aliases"),
    "a bomb": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", 1, "aliases"),
    "a tag": (HEAD + "description: !!python/name:os.system x", 2, "Tags"),
    "a harmless tag": (HEAD + "description: !!str x", 2, "Tags"),
    "a key twice": (HEAD + "description: a\n\ndescription: b", 4, "first in line 2"),
    "an inner key twice": (
        HEAD + "infrastructure:\n  min_workers: 1\n  min_workers: 2",
        4,
        "min_workers appears twice",
    ),
    "a second document": (HEAD + "---\nx: 1", 2, "second document"),
    "a list": ("- 1", 1, "mapping"),
    "nothing": ("", 1, "mapping"),
    "no schema": ("description: x", 1, "it is missing"),
    "another schema": ("\nschema: v9", 2, 'it is "v9"'),
    "an unknown section": (HEAD + "points: 3", 2, "Unknown section points"),
    "a secret": (HEAD + "infrastructure:\n  qdrant_api_key: x", 3, "is not part of"),
    "a tab": (HEAD + "infrastructure:\n\tmin_workers: 1", 3, "not YAML"),
    "an open quote": (HEAD + "description: 'x", 2, "not YAML"),
    "a control character": (HEAD + "description: a\x07", 2, "U+0007"),
    "depth": (HEAD + "description: " + "[" * 50, 2, "nested deeper"),
    "size": (HEAD + "#" * 300_000, 1, "256 KiB"),
    "many values": (HEAD + "payload_indexes: [" + "1," * 30_000 + "]", 2, "20,000"),
    "a key that is a list": (HEAD + "? [a]\n: 1", 2, "plain word"),
    "a merge": (HEAD + "<<: {description: x}", 2, "Unknown section <<"),
    "a number for a text": (HEAD + "description: 3", 2, "valid string"),
    "a word for a switch": (HEAD + "auto_create_indexes: yes", 2, "boolean"),
    "an unknown type": (
        HEAD + "payload_indexes:\n- field_name: a\n  type: number",
        4,
        "Must be one of",
    ),
    "a key of an index": (
        HEAD + "payload_indexes:\n- field_name: a\n  type: float\n  x: 1",
        5,
        "Unknown field x",
    ),
    "no type": (HEAD + "payload_indexes:\n- field_name: a", 3, "needs a type"),
    "a protected index": (
        HEAD + "payload_indexes:\n- field_name: a\n  type: float\n  is_protected: true",
        5,
        "custom indexes",
    ),
    "a removed extractor": (HEAD + "feature_extractors: []", 2, "cannot be removed"),
    "a bad name": (HEAD + "namespace_name: a/b", 2, "must not contain /"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_it_is_refused_at_its_line(why: str) -> None:
    text, line, words = REFUSED[why]
    extractor = {"feature_extractor_name": "face_identity_extractor", "version": "v1"}
    namespace = of({"_id": "ns_a", "feature_extractors": [extractor]})
    with pytest.raises(Invalid) as refused:
        config.patch_of(config.from_yaml(text), namespace)
    assert words in refused.value.errors[f"line {line}"][0]


def faults_of(text: str) -> list[str]:
    """Where a text is refused."""
    try:
        config.patch_of(config.from_yaml(text), of({"_id": "ns_a"}))
    except Invalid as refused:
        return list(refused.errors) or ["nowhere"]
    return []


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for tried in (text, HEAD + text, HEAD + "description: " + text):
        faults = faults_of(tried)
        assert all(place.startswith("line ") for place in faults)


def test_null_and_absent_leave_it_as_it_is() -> None:
    namespace = of({"_id": "ns_a", "namespace_name": "x", "description": "kept"})
    for text in (HEAD, HEAD + "description:\npayload_indexes: null\n"):
        patch = config.patch_of(config.from_yaml(text), namespace)
        assert patch.model_dump(exclude_none=True) == {}
