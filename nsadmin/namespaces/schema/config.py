"""A namespace's configuration as YAML: export, parsing, conversion to a patch. Pure.

The text holds the settings of a namespace, without secrets and counts. An unchanged
text gives an empty patch; omitted sections are not changed.
"""

from typing import Any

import yaml
from pydantic import ValidationError

from nsadmin.errors import Invalid, as_json
from nsadmin.namespaces.schema import yaml_text
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import ExtractorInput, NamespacePatch, errors_of
from nsadmin.namespaces.schema.payload_indexes import INDEX_TYPES, PayloadIndexInput
from nsadmin.namespaces.schema.text import clean_description, clean_name
from nsadmin.namespaces.schema.yaml_text import ParsedYaml

SCHEMA = "nsadmin/namespace/v1"
INFRASTRUCTURE_KEYS = (
    "compute_tier",
    "gpu_type",
    "gpus_per_worker",
    "min_workers",
    "max_workers",
    "autoscaling_enabled",
    "max_concurrent_jobs",
    "ray_head_node_url",
    "description",
)
# Where a file comes from: the id of the namespace and its revision.
MADE_FROM = "made_from"
_SECTIONS = (
    "schema",
    MADE_FROM,
    "namespace_name",
    "description",
    "auto_create_indexes",
    "infrastructure",
    "feature_extractors",
    "payload_indexes",
)


class _Dumper(yaml.SafeDumper):
    """Writes multi-line text as a block and indents list entries."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def export_config(namespace: Namespace) -> dict[str, Any]:
    """Return the configuration as plain values in the order of the YAML text."""
    stored = namespace.infrastructure
    infrastructure = {
        key: stored[key]
        for key in INFRASTRUCTURE_KEYS
        if stored.get(key) not in (None, "")
    }
    return {
        "schema": SCHEMA,
        "namespace_name": namespace.name,
        "description": namespace.description or "",
        "auto_create_indexes": namespace.auto_create_indexes,
        "infrastructure": {**infrastructure, "compute_tier": namespace.tier},
        "feature_extractors": [
            {
                "feature_extractor_name": entry.name,
                "version": entry.version,
                "params": dict(sorted((entry.params or {}).items())),
            }
            for entry in namespace.extractors
        ],
        "payload_indexes": [
            {
                "field_name": index.field_name,
                "type": index.type,
                "field_schema": {
                    k: v for k, v in sorted(index.schema.items()) if k != "type"
                },
            }
            for index in sorted(namespace.indexes, key=lambda i: i.field_name)
        ],
    }


def to_yaml(namespace: Namespace) -> str:
    """Return the configuration as YAML; equal configurations give equal text."""
    return dump(export_config(namespace))


def to_file(namespace: Namespace) -> str:
    """Return the YAML with the namespace and the revision that it was made from."""
    exported = export_config(namespace)
    origin = {
        "namespace_id": namespace.namespace_id,
        "revision": namespace.revision,
    }
    return dump({"schema": exported.pop("schema"), MADE_FROM: origin, **exported})


def dump(configuration: dict[str, Any]) -> str:
    """Return the YAML of a configuration or of some of its sections."""
    return yaml.dump(
        configuration,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=88,
    )


def from_yaml(text: str) -> ParsedYaml:
    """Parse a configuration; raise Invalid with errors by line if it is not one."""
    found = yaml_text.parse(text)
    schema = found.data.get("schema")
    if schema != SCHEMA:
        actual = "it is missing" if schema is None else f"it is {as_json(schema)}"
        raise yaml_text.line_error(
            found.line_of("schema"), f"schema must be {SCHEMA}; {actual}."
        )
    unknown = [key for key in found.data if key not in _SECTIONS]
    if unknown:
        raise yaml_text.line_error(
            found.line_of(unknown[0]),
            f"Unknown section {unknown[0]}; known sections: {', '.join(_SECTIONS)}.",
        )
    return found


def made_from(found: ParsedYaml, namespace: Namespace) -> int | None:
    """Return the revision of this namespace from which a file was made.

    None for a file that does not say so, or that was made from another namespace.
    Raises Invalid for one that cannot be.
    """
    origin = found.data.get(MADE_FROM)
    if origin is None:
        return None
    line = found.line_of(MADE_FROM)
    if not isinstance(origin, dict) or origin.keys() != {"namespace_id", "revision"}:
        message = f"{MADE_FROM} has a namespace_id and a revision, or is left out."
        raise yaml_text.line_error(line, message)
    revision = origin["revision"]
    if type(revision) is not int or revision < 0:
        line = found.line_of(f"{MADE_FROM}.revision")
        raise yaml_text.line_error(line, "revision must be a whole number.")
    if origin["namespace_id"] != namespace.namespace_id:
        return None
    if revision > namespace.revision:
        raise yaml_text.line_error(
            found.line_of(f"{MADE_FROM}.revision"),
            f"The namespace is at revision {namespace.revision:,}, and the file was "
            f"made from a later one. Leave {MADE_FROM} out to apply it all the same.",
        )
    return revision


def with_line_numbers(error: Invalid, found: ParsedYaml) -> Invalid:
    """Return the error with its messages at lines of the text instead of paths."""
    errors: dict[str, list[str]] = {}
    for path, messages in (error.errors or {"": [error.message]}).items():
        place = path if path.startswith("line ") else f"line {found.line_of(path)}"
        errors.setdefault(place, []).extend(messages)
    first = min(errors, key=lambda place: int(place.split()[1]))
    return Invalid(f"{first.capitalize()}: {errors[first][0]}", errors=errors)


def patch_of(found: ParsedYaml, namespace: Namespace) -> NamespacePatch:
    """Return the patch with the differences between the text and the namespace.

    Raises Invalid with errors by line.
    """
    try:
        return _patch(found, namespace)
    except Invalid as error:
        raise with_line_numbers(error, found) from None


def _patch(found: ParsedYaml, namespace: Namespace) -> NamespacePatch:
    sections = {
        key: value
        for key, value in found.data.items()
        if key not in ("schema", MADE_FROM) and value is not None
    }
    now = export_config(namespace)
    body = {key: value for key, value in sections.items() if value != now[key]}
    if isinstance(body.get("infrastructure"), dict):
        body["infrastructure"] = _changed_infrastructure(body, now)
        if not body["infrastructure"]:
            del body["infrastructure"]
    try:
        patch = NamespacePatch.model_validate(body)
    except ValidationError as error:
        errors = errors_of(error, NamespacePatch)
        raise Invalid.all(errors) from None
    if patch.namespace_name is not None:
        patch.namespace_name = clean_name(patch.namespace_name)
    if patch.description is not None:
        patch.description = clean_description(patch.description)
    _require_extractors(patch.feature_extractors, namespace)
    _require_no_protected(patch.payload_indexes)
    return patch


def _changed_infrastructure(body: dict[str, Any], now: dict[str, Any]) -> Any:
    given, stored = body["infrastructure"], now["infrastructure"]
    for key in given:
        if key not in INFRASTRUCTURE_KEYS:
            message = (
                f"{key} is not part of a configuration; "
                f"known keys: {', '.join(INFRASTRUCTURE_KEYS)}."
            )
            raise Invalid.at(f"infrastructure.{key}", message)
    return {
        key: value
        for key, value in given.items()
        if value is not None and value != stored.get(key)
    }


def _require_extractors(
    given: list[ExtractorInput] | None, namespace: Namespace
) -> None:
    """Raise Invalid for a list without a registered extractor: none can be removed."""
    if given is None:
        return
    listed = {(e.feature_extractor_name, e.version) for e in given}
    for entry in namespace.extractors:
        if (entry.name, entry.version) not in listed:
            message = (
                f"{entry.name} {entry.version} is registered and cannot be removed; "
                "list it, or leave the section out."
            )
            raise Invalid.at("feature_extractors", message)
    twice = len(given) - len(listed)
    if twice:
        message = "An extractor is in the list twice."
        raise Invalid.at("feature_extractors", message)


def _require_no_protected(given: list[PayloadIndexInput] | None) -> None:
    for number, entry in enumerate(given or []):
        if entry.is_protected:
            message = "A configuration lists only custom indexes; remove this one."
            at = f"payload_indexes.{number}.is_protected"
            raise Invalid.at(at, message)
        if entry.type is None:
            message = f"An index needs a type: {', '.join(INDEX_TYPES)}."
            raise Invalid.at(f"payload_indexes.{number}", message)
