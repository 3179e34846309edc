"""Adding and removing named vectors of a collection that has points."""

from typing import Any

from qdrant_edge import UpdateOperation

from nsadmin.embedded.qdrant.convert import engine
from nsadmin.embedded.qdrant.convert.config import (
    check_vector_name,
    dense_params,
    named_vectors,
    set_vectors,
    sparse_params,
    sparse_vectors,
)
from nsadmin.embedded.qdrant.convert.fields import Json
from nsadmin.embedded.qdrant.errors import malformed, wrong_input
from nsadmin.embedded.qdrant.router import Call, router
from nsadmin.embedded.qdrant.routes.points import update_result

_IDENTITY = ("size", "distance", "multivector_config", "datatype")


@router.writes("PUT", "/collections/{name}/vectors/{vector}")
async def create_vector(call: Call) -> Any:
    """Add a named vector; adding the same one again changes nothing."""
    collection, name = call.catalog.get(call.names["name"]), call.names["vector"]
    check_vector_name(name)
    body = call.body()
    async with collection.exclusive():
        dense = named_vectors(collection.config)
        sparse = sparse_vectors(collection.config)
        if body.get("dense") is not None:
            params = _chosen(dense_params(body["dense"], "dense"), _IDENTITY)
            have, others = dense.get(name), sparse
            operation = _dense_operation(name, params)
            dense = {**dense, name: params}
        elif body.get("sparse") is not None:
            params = _chosen(sparse_params(body["sparse"]), ("modifier", "index"))
            have, others = sparse.get(name), dense
            modifier = engine.modifier(params)
            operation = UpdateOperation.create_sparse_vector(name, modifier)
            sparse = {**sparse, name: params}
        else:
            text = "data did not match any variant of untagged enum VectorNameConfig"
            raise malformed(text)
        if name in others or (have is not None and _differs(have, params)):
            text = f"Vector `{name}` already exists with a different configuration"
            raise wrong_input(text)
        if have is None:
            collection.apply(operation, 1)
            set_vectors(collection.config, dense, sparse)
            collection.save()
            collection.flush()
        return update_result(call, collection.operations)


@router.writes("DELETE", "/collections/{name}/vectors/{vector}")
async def delete_vector(call: Call) -> Any:
    """Remove a vector from the collection and from all its points."""
    collection, name = call.catalog.get(call.names["name"]), call.names["vector"]
    async with collection.exclusive():
        dense = dict(named_vectors(collection.config))
        sparse = dict(sparse_vectors(collection.config))
        if name not in dense and name not in sparse:
            raise wrong_input(f"Not existing vector name error: {name}")
        collection.apply(UpdateOperation.delete_vector_name(name), None)
        dense.pop(name, None)
        sparse.pop(name, None)
        set_vectors(collection.config, dense, sparse)
        collection.save()
        collection.flush()
        return update_result(call, collection.operations)


def _dense_operation(name: str, params: Json) -> Any:
    return UpdateOperation.create_dense_vector(
        name,
        params["size"],
        engine.DISTANCE[params["distance"]],
        engine.multivector(params),
        engine.datatype(params),
    )


def _chosen(params: Json, keys: tuple[str, ...]) -> Json:
    """The definition of a vector; storage and index follow the collection's."""
    return {key: params[key] for key in keys if params.get(key) is not None}


def _differs(have: Json, wanted: Json) -> bool:
    # The engine takes float32 and no modifier where nothing is said.
    defaults = {"datatype": "float32", "modifier": "none"}
    keys = (*_IDENTITY, "modifier")
    return any(
        have.get(k, defaults.get(k)) != wanted.get(k, defaults.get(k)) for k in keys
    )
