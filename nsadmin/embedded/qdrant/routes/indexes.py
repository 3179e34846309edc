"""Payload indexes."""

from typing import Any

from qdrant_edge import UpdateOperation

from nsadmin.embedded.qdrant.convert.fields import required
from nsadmin.embedded.qdrant.convert.indexes import engine_schema, index_schema
from nsadmin.embedded.qdrant.errors import bad_request, engine_calls
from nsadmin.embedded.qdrant.router import Call, router
from nsadmin.embedded.qdrant.routes.points import update_result
from nsadmin.embedded.qdrant.strict.rules import check_new_index


@router.writes("PUT", "/collections/{name}/index")
async def create_index(call: Call) -> Any:
    """Index a payload field; other parameters than before build it anew."""
    collection, body = call.catalog.get(call.names["name"]), call.body()
    field = required(body, "field_name", str)
    stated = body.get("field_schema", body.get("field_type"))
    if stated is None:
        text = "Can't auto-detect field type, please specify `field_schema`"
        raise bad_request(f"{text} in the request")
    schema = index_schema(stated)
    check_new_index(collection)
    async with collection.exclusive():
        if collection.schema.get(field) != schema:
            with engine_calls():
                wanted = engine_schema(schema)
                operation = UpdateOperation.create_field_index(field, wanted)
            collection.apply(operation, 1)
            collection.schema[field] = schema
            collection.save()
            collection.flush()
        return update_result(call, collection.operations)


@router.writes("DELETE", "/collections/{name}/index/{field}")
async def delete_index(call: Call) -> Any:
    """Drop the index of a payload field; the payload stays."""
    collection, field = call.catalog.get(call.names["name"]), call.names["field"]
    async with collection.exclusive():
        with engine_calls():
            operation = UpdateOperation.delete_field_index(field)
        collection.apply(operation, 1)
        collection.schema.pop(field, None)
        collection.save()
        collection.flush()
        return update_result(call, collection.operations)
