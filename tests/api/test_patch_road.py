"""How many files a PATCH body passes on its way to Qdrant.

Followed as it runs: a file counts if one of its functions is given the body, the patch,
the request or plan that it becomes, or a step of that plan.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import nsadmin
from nsadmin.namespaces.change.planning import PlannedChange
from nsadmin.namespaces.plan.plan import ChangeRequest, Plan
from nsadmin.namespaces.plan.steps import Step
from nsadmin.namespaces.schema.patch import NamespacePatch
from nsadmin.namespaces.schema.payload_indexes import PayloadIndexInput
from tests.api.conftest import Caller

ROOT = Path(nsadmin.__file__).parent
MOST_FILES = 15
FIELD = "road_marker"
END = ("stores/qdrant/collections.py", "create_index")
CARRIERS = (
    NamespacePatch,
    PayloadIndexInput,
    ChangeRequest,
    PlannedChange,
    Plan,
    Step,
)


def carries(value: Any) -> bool:
    """Tell whether a value is the body or something that it has become.

    A stored document, which has an `_id`, is neither: it is read again on the way.
    """
    if isinstance(value, bytes):
        return FIELD.encode() in value and b"_id\0" not in value
    if isinstance(value, dict):
        return "payload_indexes" in value and "_id" not in value
    if isinstance(value, list | tuple):
        return any(isinstance(item, CARRIERS) for item in value)
    return isinstance(value, CARRIERS)


def arguments(frame: FrameType) -> Iterator[Any]:
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    for name in code.co_varnames[:count]:
        yield frame.f_locals.get(name)


@contextmanager
def following() -> Iterator[dict[str, set[str]]]:
    """Collect {file: functions} that carry the body, up to the call of Qdrant."""
    passed: dict[str, set[str]] = {}
    arrived = False

    def on_event(frame: FrameType, event: str, _: Any) -> None:
        nonlocal arrived
        path = Path(frame.f_code.co_filename)
        if event != "call" or arrived or not path.is_relative_to(ROOT):
            return
        name = str(path.relative_to(ROOT))
        arrived = (name, frame.f_code.co_name) == END
        if arrived or any(carries(value) for value in arguments(frame)):
            passed.setdefault(name, set()).add(frame.f_code.co_name)

    sys.setprofile(on_event)
    try:
        yield passed
    finally:
        sys.setprofile(None)


def test_a_patch_body_passes_few_files(call: Caller) -> None:
    body = {"payload_indexes": [{"field_name": FIELD, "type": "keyword"}]}
    assert call("GET", "/namespaces").status_code == 200  # what is built once is built
    with following() as passed:
        response = call("PATCH", f"/namespaces/{call.cast.own.namespace_id}", body)
    assert response.status_code == 200, response.content
    # The road was followed from one end to the other.
    assert "patch_namespace" in str(passed) or "_change" in str(passed)
    assert END[0] in passed
    assert {"namespaces/change/commit.py", "namespaces/change/converge.py"} <= set(
        passed
    )
    assert len(passed) <= MOST_FILES, passed
