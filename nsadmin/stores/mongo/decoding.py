"""Decoding documents one by one, so that a damaged one does not hide the others.

A date beyond the year 9999 stays a `DatetimeMS`, which is written back as it was. Bytes
that are not UTF-8 become lone surrogates, with which nothing can be written.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import InvalidBSON
from bson.raw_bson import RawBSONDocument

Document = dict[str, Any]

OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler="surrogateescape",
)
# Documents as bytes; they are decoded when they are read.
RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    document_class=RawBSONDocument, tz_aware=True
)
# In place of a damaged document: its id, and the reason under this key, which no stored
# document can have.
UNDECODED = "$undecoded"
_TEXT, _OBJECT_ID = 0x02, 0x07


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the bytes that the store sent, which are decoded when asked for."""

    data: bytes

    @property
    def id(self) -> Any:
        """Its `_id`; of a text that comes first, as ids do, nothing else is read."""
        is_text = self.data[4:9] == b"\x02_id\0"
        return _id_of(self.data) if is_text else self.document().get("_id")

    def document(self) -> Document:
        """Return it decoded; if its bytes are damaged, its `_id` and the reason."""
        return _decoded(self.data)


def each_decoded(found: Iterable[RawBSONDocument]) -> Iterator[Document]:
    """Yield the documents; a damaged one as its `_id` and the reason."""
    for raw in found:
        yield decoded(raw)


def decoded(raw: RawBSONDocument) -> Document:
    """Return a document; if its bytes are damaged, its `_id` and the reason."""
    return _decoded(bytes(raw.raw))


def _decoded(data: bytes) -> Document:
    try:
        return bson.decode(data, OPTIONS)
    except InvalidBSON as damage:
        return {"_id": _id_of(data), UNDECODED: str(damage)[:200]}


def _id_of(data: bytes) -> Any:
    """Return the id of a damaged document, which is its first element; None if lost."""
    if data[5:9] != b"_id\0":
        return None
    if data[4] == _OBJECT_ID:
        return bson.ObjectId(data[9:21])
    if data[4] != _TEXT:
        return None
    (length,) = struct.unpack_from("<i", data, 9)
    return data[13 : 13 + length - 1].decode(errors="surrogateescape")
