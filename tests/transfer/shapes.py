"""Kinds of collections that a transfer has to bring as they are."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, uuid5

Json = dict[str, Any]
PointId = int | str


@dataclass(frozen=True)
class Shape:
    """The body of a creation, and the point with a number."""

    body: Json
    vector: Callable[[random.Random, int], Any]
    has_payload: bool = True

    def point(self, number: int) -> Json:
        """The point with a number; every second id is a UUID."""
        made: Json = {
            "id": point_id(number),
            "vector": self.vector(random.Random(number), number),
        }
        if self.has_payload:
            made["payload"] = payload(number)
        return made


def point_id(number: int) -> PointId:
    """A number, or the UUID that belongs to it."""
    return number if number % 2 else str(uuid5(NAMESPACE_OID, str(number)))


def payload(number: int) -> Json:
    """A payload with every type that JSON has."""
    return {
        "number": number,
        "score": number / 7,
        "whole": 2.0,
        "large": 2**53 + number,
        "text": f"“{number}” \\ \n \u2028 🜁",
        "none": None,
        "flag": number % 3 == 0,
        "tags": [f"t{number % 5}", "", [number, {"deep": [1.5, 1]}]],
        "nested": {"z": 1, "a": {"": "empty key"}},
        "id": "not the point's",
    }


def numbers(rng: random.Random, size: int) -> list[float]:
    """Numbers of many sizes, also ones that a float32 cannot hold exactly."""
    return [rng.uniform(-1, 1) * 10 ** rng.randint(-3, 3) for _ in range(size)]


def _unit(rng: random.Random, size: int) -> list[float]:
    made = numbers(rng, size)
    length = math.sqrt(sum(number * number for number in made))
    return [number / length for number in made]


def _sparse(rng: random.Random) -> Json:
    indices = sorted(rng.sample(range(2**32), rng.randint(1, 9)))
    return {"indices": indices, "values": [rng.uniform(-2, 2) for _ in indices]}


def _many(rng: random.Random, number: int) -> Json:
    made = {
        "dense": numbers(rng, 6),
        "cosine": _unit(rng, 5),
        "rows": [numbers(rng, 3) for _ in range(1 + number % 4)],
        "sparse": _sparse(rng),
    }
    # Some points lack some of their vectors.
    return {
        name: one for at, (name, one) in enumerate(made.items()) if number % 5 != at
    }


SHAPES: dict[str, Shape] = {
    "plain": Shape(
        {"vectors": {"v": {"size": 4, "distance": "Dot"}}},
        lambda rng, _: {"v": numbers(rng, 4)},
    ),
    "unnamed cosine": Shape(
        {"vectors": {"size": 8, "distance": "Cosine"}}, lambda rng, _: numbers(rng, 8)
    ),
    "many vectors": Shape(
        {
            "vectors": {
                "dense": {"size": 6, "distance": "Euclid"},
                "cosine": {"size": 5, "distance": "Cosine"},
                "rows": {
                    "size": 3,
                    "distance": "Dot",
                    "multivector_config": {"comparator": "max_sim"},
                },
            },
            "sparse_vectors": {"sparse": {}},
        },
        _many,
    ),
    "payload only": Shape(
        {"vectors": {"v": {"size": 4, "distance": "Dot"}}}, lambda _, __: {}
    ),
    "vectors only": Shape(
        {"vectors": {"v": {"size": 4, "distance": "Dot"}}},
        lambda rng, _: {"v": numbers(rng, 4)},
        has_payload=False,
    ),
    "sparse only": Shape(
        {"sparse_vectors": {"s": {}}}, lambda rng, _: {"s": _sparse(rng)}
    ),
}
