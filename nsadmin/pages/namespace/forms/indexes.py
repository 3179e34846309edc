"""The form of the index page: indexes to add, to change and to drop, as one change.

Edits that were made before are carried in the form as text; nothing is kept on the
server until they become a plan. The fields are an editor for one more edit.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.plan.desired import required_indexes
from nsadmin.namespaces.plan.index_steps import declared_list, index_steps
from nsadmin.namespaces.schema.document import Namespace
from nsadmin.namespaces.schema.patch import NamespacePatch, parse_patch
from nsadmin.pages.namespace.forms.index_edits import (
    IndexEdit,
    read_edits,
    with_fault,
)
from nsadmin.pages.namespace.forms.index_fields import (
    AUTO_INDEX_HINT,
    IndexFields,
    as_input,
    essential,
)
from nsadmin.pages.namespace.forms.index_rows import Texts
from nsadmin.pages.templatetags.formatting import parameters

AUTO = "auto_create_indexes"
_INDEX = "index:"
_ENTRY = re.compile(r"payload_indexes\.(\d+)(?:\.(.*))?")


class IndexesForm(IndexFields):
    """Edits, drops and the editor. Keys of conflicts are `index:` and the field."""

    drop = Texts(label="Drop", required=False)
    edit = Texts(label="Your changes", required=False)
    auto_shown = forms.CharField(required=False, widget=forms.HiddenInput)
    auto_create_indexes = forms.BooleanField(
        label="Automatic indexes", required=False, help_text=AUTO_INDEX_HINT
    )

    def __init__(self, *args: Any, replaces: bool = False, **kwargs: Any) -> None:
        """Say whether a new index `replaces` one that is there.

        Another person may have added it since the plan was made.
        """
        super().__init__(*args, **kwargs)
        self.replaces = replaces
        self.carried: list[IndexEdit] = []
        # The numbers of the edits, in the order of the last patch's list.
        self._order: list[int] = []

    def clean(self) -> dict[str, Any] | None:
        """Read the carried edits."""
        try:
            self.carried = read_edits(self.cleaned_data.get("edit") or [])
        except Invalid as invalid:
            self.take(invalid)
        return self.cleaned_data

    @property
    def edits(self) -> list[IndexEdit]:
        """The carried edits, and that of the editor if it names a field."""
        return [*self.carried, *self._edited()]

    def changing(self, namespace: Namespace) -> list[IndexEdit]:
        """Return the edits without that of the editor if it is as it is stored."""
        stored = {i.field_name: essential(i.schema) for i in namespace.indexes}
        made = [e for e in self._edited() if stored.get(e.field) != e.schema]
        return [*self.carried, *made]

    def _edited(self) -> list[IndexEdit]:
        field = self.indexed_field
        if not field or not self.is_bound:
            return []
        original = self["original"].value()
        return [IndexEdit(field, self.schema(), is_change=bool(original))]

    @property
    def dropped(self) -> list[str]:
        """The fields whose index is dropped, and not built anew by an edit."""
        built = {edit.field for edit in self.edits}
        return [field for field in self._ticked if field not in built]

    @property
    def _ticked(self) -> list[str]:
        return list(dict.fromkeys(self["drop"].value() or []))

    @property
    def switch(self) -> bool | None:
        """The wanted setting of automatic indexes; None where it is not changed."""
        asked, before = self.asked(), self.opened
        is_same = before.get(AUTO, ...) == asked.get(AUTO)
        return None if AUTO not in asked or is_same else asked[AUTO]

    def take(self, error: NsadminError) -> None:
        """Add each error to the edit it belongs to; those of the editor to its fields.

        Errors of other edits also say that the changes as a whole are not possible.
        """
        if not isinstance(error, Invalid) or not error.errors:
            super().take(error)
            return
        others: dict[str, list[str]] = {}
        for path, sentences in error.errors.items():
            number, rest = self._edit_at(path)
            if number is None or number >= len(self.carried):
                others.setdefault(rest, []).extend(sentences)
                continue
            for sentence in sentences:
                self.carried = with_fault(self.carried, number, sentence)
                field = self.carried[number].field
                self.add_error("edit", f"{field}: {sentence}")
        if others:
            super().take(Invalid.all(others))

    @property
    def has_edit_faults(self) -> bool:
        """Whether an error stands at a carried edit."""
        return any(edit.faults for edit in self.carried)

    def _edit_at(self, path: str) -> tuple[int | None, str]:
        """Return the number of the edit that a path names, and the rest of the path."""
        match = _ENTRY.fullmatch(path)
        if match is None or int(match[1]) >= len(self._order):
            return None, path
        return self._order[int(match[1])], match[2] or "field_name"

    def carrying(
        self,
        edits: Sequence[IndexEdit],
        editor: Mapping[str, Any] | None = None,
        *,
        same_editor: bool = False,
    ) -> "IndexesForm":
        """Return the form that carries these edits, with other values in the editor."""
        sent = QueryDict(mutable=True)
        if isinstance(self.data, QueryDict):
            sent = self.data.copy()
        data = sent.copy() if same_editor else as_input(editor or {})
        for name in ("drop", "base", "auto_shown", AUTO):
            data.setlist(name, sent.getlist(name))
        data.setlist("edit", [edit.sent for edit in edits])
        return IndexesForm(data)

    def dropping(self, field: str) -> "IndexesForm":
        """Return the form with the tick that drops the index on a field."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data.setlist("drop", list(dict.fromkeys([*self._ticked, field])))
        return IndexesForm(data)

    # Conflicts and the patch ---------------------------------------------------------

    def stored(self, namespace: Namespace) -> dict[str, Any]:
        """Return the stored indexes and the setting; None where there is no index."""
        found: dict[str, Any] = dict.fromkeys(self._asked_indexes())
        found |= {_INDEX + i.field_name: essential(i.schema) for i in namespace.indexes}
        return {**found, AUTO: namespace.auto_create_indexes}

    def asked(self) -> dict[str, Any]:
        """Return the wanted indexes, None for those to drop, and the setting."""
        asked: dict[str, Any] = self._asked_indexes()
        if self.cleaned_data.get("auto_shown"):
            asked[AUTO] = self.cleaned_data[AUTO]
        return asked

    def _asked_indexes(self) -> dict[str, Any]:
        if not self.is_bound or not self.is_valid():
            return {}
        asked: dict[str, Any] = {_INDEX + field: None for field in self.dropped}
        return asked | {_INDEX + edit.field: edit.schema for edit in self.edits}

    @property
    def opened(self) -> dict[str, Any]:
        """Return what was stored when the form was opened; new fields had no index."""
        known = super().opened
        return dict.fromkeys(self._asked_indexes()) | known if known else {}

    def label_of(self, key: str) -> str:
        """Return the words for the key of a conflict."""
        field = key.removeprefix(_INDEX)
        return "automatic indexes" if key == AUTO else f"the index on {field}"

    def text(self, key: str, value: Any) -> str:
        """Return an index as text for people."""
        if key == AUTO:
            return super().text(key, value)
        if not isinstance(value, dict):
            return f"No index on {key.removeprefix(_INDEX)}"
        return ", ".join(filter(None, [str(value.get("type")), parameters(value)]))

    def patch(self, namespace: Namespace) -> NamespacePatch:
        """Return the patch of all edits, or raise Invalid at the edit's path."""
        touched = self.touched()
        body: dict[str, Any] = {}
        if AUTO in touched:
            body[AUTO] = touched.pop(AUTO)
        if touched:
            body["payload_indexes"] = self._entries(namespace, touched)
        return parse_patch(body)

    def _entries(
        self, namespace: Namespace, touched: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the declared list after the edits; the edits come first."""
        numbered = [
            (number, edit)
            for number, edit in enumerate(self.edits)
            if _INDEX + edit.field in touched
        ]
        self._order = [number for number, _ in numbered]
        there = {index.field_name for index in namespace.indexes}
        seen: set[str] = set()
        for place, (_, edit) in enumerate(numbered):
            at = f"payload_indexes.{place}.field_name"
            if edit.field in seen:
                sentence = f"{edit.field} is already among your changes; edit it there."
                raise Invalid.at(at, sentence)
            seen.add(edit.field)
            is_new = not edit.is_change and edit.field not in self._ticked
            if is_new and edit.field in there and not self.replaces:
                sentence = f"{edit.field} already has an index; change that one."
                raise Invalid.at(at, sentence)
        others = [
            entry
            for entry in declared_list(namespace)
            if _INDEX + entry["field_name"] not in touched
        ]
        return [*(edit.entry(namespace) for _, edit in numbered), *others]

    def require_possible(self, namespace: Namespace) -> None:
        """Raise Invalid if the edits cannot become a plan of this namespace."""
        entries = self.patch(namespace).payload_indexes
        if entries is not None:
            index_steps(namespace, entries, required_indexes(namespace))
