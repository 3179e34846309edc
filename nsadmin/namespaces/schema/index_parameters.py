"""Parameters of payload indexes beyond the published ones, as Qdrant has them. Pure.

They are stored only when they are sent. One that is left out keeps its stored value;
its value in FURTHER_PARAMETERS, which is what Qdrant does without it, turns it off.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from nsadmin.errors import Invalid

_PLACE = {"on_disk": False, "enable_hnsw": True}
_PRINCIPAL = {"is_principal": False}
# {type: {parameter: its value when it is off}}.
FURTHER_PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "keyword": _PLACE,
        "integer": {**_PRINCIPAL, **_PLACE},
        "float": {**_PRINCIPAL, **_PLACE},
        "bool": _PLACE,
        "geo": _PLACE,
        "datetime": {**_PRINCIPAL, **_PLACE},
        "text": {
            "phrase_matching": False,
            "ascii_folding": False,
            "stemmer": {"type": "none"},
            "stopwords": {"languages": [], "custom": []},
            **_PLACE,
        },
        "uuid": _PLACE,
    }
)
# {parameter: its value when it is off}, whatever type it belongs to.
OFF: Final[Mapping[str, Any]] = MappingProxyType(
    {key: off for own in FURTHER_PARAMETERS.values() for key, off in own.items()}
)
# fmt: off
STEMMERS: Final = [
    "arabic", "armenian", "danish", "dutch", "english", "finnish", "french", "german",
    "greek", "hungarian", "italian", "norwegian", "portuguese", "romanian", "russian",
    "spanish", "swedish", "tamil", "turkish",
]
STOPWORD_LANGUAGES: Final = [
    "arabic", "azerbaijani", "basque", "bengali", "catalan", "chinese", "danish",
    "dutch", "english", "finnish", "french", "german", "greek", "hebrew", "hinglish",
    "hungarian", "indonesian", "italian", "japanese", "kazakh", "nepali", "norwegian",
    "portuguese", "romanian", "russian", "slovene", "spanish", "swedish", "tajik",
    "turkish",
]
# fmt: on
MAX_STOPWORDS: Final = 500
STOPWORD_MAX: Final = 100

_WORD = {"type": "string", "minLength": 1, "maxLength": STOPWORD_MAX}
_LANGUAGE = {"type": "string", "enum": STOPWORD_LANGUAGES}
# JSON schema of each of these parameters.
SCHEMAS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "on_disk": {"type": "boolean"},
        "enable_hnsw": {"type": "boolean"},
        "is_principal": {"type": "boolean"},
        "phrase_matching": {"type": "boolean"},
        "ascii_folding": {"type": "boolean"},
        "stemmer": {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["snowball", "none"]},
                "language": {"type": "string", "enum": STEMMERS},
            },
            "required": ["type"],
        },
        "stopwords": {
            "anyOf": [
                _LANGUAGE,
                {
                    "type": "object",
                    "properties": {
                        "languages": {
                            "type": "array",
                            "items": _LANGUAGE,
                            "maxItems": len(STOPWORD_LANGUAGES),
                        },
                        "custom": {
                            "type": "array",
                            "items": _WORD,
                            "maxItems": MAX_STOPWORDS,
                        },
                    },
                },
            ]
        },
    }
)


def is_further(kind: str, key: str) -> bool:
    """Tell whether the type of index has this parameter beyond the published ones."""
    return key in FURTHER_PARAMETERS.get(kind, {})


def clean_parameter(key: str, value: Any, *, at: str) -> Any:
    """Return a parameter as Qdrant stores it. Raises Invalid at its path below `at`."""
    path = f"{at}.{key}"
    if key == "stemmer":
        return _stemmer(value, path)
    if key == "stopwords":
        return _stopwords(value, path)
    if not isinstance(value, bool):
        raise Invalid.at(path, f"{key} must be true or false.")
    return value


def is_off(key: str, value: Any) -> bool:
    """Tell whether a parameter does nothing: it is off, null or empty."""
    if value is None or (key in OFF and value == OFF[key]):
        return True
    return key == "stopwords" and isinstance(value, dict) and not any(value.values())


def _stemmer(value: Any, path: str) -> dict[str, str]:
    if isinstance(value, dict) and value == OFF["stemmer"]:
        return {"type": "none"}
    wrong = _wrong_part(value)
    if wrong is not None:
        raise Invalid.at(
            path + wrong,
            'stemmer must be {"type": "none"}, or {"type": "snowball", "language": one '
            f"of {', '.join(STEMMERS)}}}.",
        )
    return {"type": "snowball", "language": value["language"]}


def _wrong_part(value: Any) -> str | None:
    """Return where a stemmer is wrong: below it, or "" for itself; None if nowhere."""
    if not isinstance(value, dict):
        return ""
    if value.get("type", "none") not in ("snowball", "none"):
        return ".type"
    if "language" in value and value["language"] not in STEMMERS:
        return ".language"
    is_whole = set(value) == {"type", "language"} and value["type"] == "snowball"
    return None if is_whole else ""


def _stopwords(value: Any, path: str) -> str | dict[str, list[str]]:
    if isinstance(value, str):
        return _languages([value], path)[0]
    if not isinstance(value, dict) or not set(value) <= {"languages", "custom"}:
        raise Invalid.at(
            path, "stopwords must be a language, or an object of languages and custom."
        )
    languages = _languages(value.get("languages") or [], path, f"{path}.languages")
    words = _words(value.get("custom") or [], f"{path}.custom")
    return {"languages": languages, "custom": words}


def _languages(given: Any, path: str, place: str = "") -> list[str]:
    """Return the languages; one that is unknown is refused at its own `place`."""
    is_list = isinstance(given, list) and len(given) <= len(STOPWORD_LANGUAGES)
    wrong = _first_wrong(given, lambda word: word in STOPWORD_LANGUAGES)
    if not is_list or wrong is not None:
        raise Invalid.at(
            f"{place}.{wrong}" if place and is_list else place or path,
            "The languages of stopwords must be among "
            f"{', '.join(STOPWORD_LANGUAGES)}.",
        )
    return sorted(set(given))


def _words(given: Any, path: str) -> list[str]:
    is_list = isinstance(given, list) and len(given) <= MAX_STOPWORDS
    wrong = _first_wrong(given, _is_stopword)
    if not is_list or wrong is not None:
        raise Invalid.at(
            f"{path}.{wrong}" if is_list else path,
            f"custom stopwords must be at most {MAX_STOPWORDS} words of 1 to "
            f"{STOPWORD_MAX} characters.",
        )
    return sorted(set(given))


def _is_stopword(word: str) -> bool:
    return 0 < len(word) <= STOPWORD_MAX and word.isprintable()


def _first_wrong(given: Any, is_right: Callable[[str], bool]) -> int | None:
    """Return the place of the first entry that is no such text; None without one."""
    entries = enumerate(given) if isinstance(given, list) else iter(())
    return next(
        (n for n, word in entries if not (isinstance(word, str) and is_right(word))),
        None,
    )
