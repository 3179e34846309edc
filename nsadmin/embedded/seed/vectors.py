"""Vectors whose neighbors make sense, without a model.

A text becomes a bag of words, of letter groups inside the words and of traits, weighted
by how rare each is in its corpus; the bag is then projected: each feature adds or
subtracts its weight at a few dimensions that its hash chooses. Inner products survive
such a projection, so texts that share rare words end up close. Two vectors of one
model are comparable, as with a real one; the spaces of two models have nothing in
common.
"""

import hashlib
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

SPREAD: Final = 32
"""Dimensions that one feature touches: a 64-byte digest is 32 numbers of 16 bits."""

_BATCH: Final = 1000
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Content:
    """The input of one vector: a text and traits."""

    text: str
    traits: tuple[str, ...] = ()


def folded(text: str) -> str:
    """Case and accents removed, so that Zürich meets Zurich."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def features(content: Content) -> dict[str, float]:
    """The weighted bag: words, letter groups of longer words, traits."""
    bag: defaultdict[str, float] = defaultdict(float)
    for word in _WORD.findall(folded(content.text)):
        bag[f"w:{word}"] += 1.0
        groups = [word[at : at + 4] for at in range(len(word) - 3)]
        for group in groups:
            # All groups together weigh half a word, however long the word is.
            bag[f"g:{group}"] += 0.5 / math.sqrt(len(groups))
    for trait in content.traits:
        bag[f"t:{trait}"] += 1.0
    # A word said ten times is not ten times as telling.
    return {name: 1.0 + math.log(n) if n > 1 else n for name, n in bag.items()}


def embed(contents: Sequence[Content], *, model: str, dimension: int) -> Matrix:
    """One unit vector per content; an empty content gets a vector of its own kind."""
    bags = [features(content) or {"w:": 1.0} for content in contents]
    space = _Space.of(bags, model=model, dimension=dimension)
    parts = [
        space.project(bags[at : at + _BATCH]) for at in range(0, len(bags), _BATCH)
    ]
    return np.concatenate(parts or [np.empty((0, dimension), dtype=np.float32)])


def _rarity(bags: Sequence[dict[str, float]]) -> dict[str, float]:
    """How telling each feature is: the logarithm of how few bags hold it.

    A feature in every bag keeps a little weight, so no vector comes out as zero.
    """
    seen: Counter[str] = Counter()
    for bag in bags:
        seen.update(bag.keys())
    return {name: math.log((1 + len(bags)) / n) for name, n in seen.items()}


@dataclass(frozen=True, slots=True)
class _Space:
    """The features of a corpus: a row of places, signs and a weight for each."""

    rows: dict[str, int]
    weights: npt.NDArray[np.float64]
    places: npt.NDArray[np.int64]
    signs: npt.NDArray[np.float64]
    dimension: int

    @classmethod
    def of(
        cls, bags: Sequence[dict[str, float]], *, model: str, dimension: int
    ) -> "_Space":
        """The space of a model: where a feature goes depends on nothing but both."""
        rarity = _rarity(bags)
        key = hashlib.blake2b(model.encode(), digest_size=16).digest()
        digests = b"".join(
            hashlib.blake2b(name.encode(), digest_size=2 * SPREAD, key=key).digest()
            for name in rarity
        )
        numbers = np.frombuffer(digests, dtype="<u2").reshape(-1, SPREAD)
        return cls(
            rows={name: row for row, name in enumerate(rarity)},
            weights=np.fromiter(rarity.values(), dtype=np.float64),
            places=(numbers.astype(np.int64) >> 1) % dimension,
            signs=np.where(numbers & 1, 1.0, -1.0),
            dimension=dimension,
        )

    def project(self, bags: Sequence[dict[str, float]]) -> Matrix:
        """Add every feature's signed weight at its places, then scale to length one."""
        held = np.fromiter((self.rows[n] for bag in bags for n in bag), dtype=np.int64)
        counts = np.fromiter((c for bag in bags for c in bag.values()), dtype=float)
        lines = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
        cells = lines[:, None] * self.dimension + self.places[held]
        amounts = (counts * self.weights[held])[:, None] * self.signs[held]
        flat = np.bincount(
            cells.ravel(), amounts.ravel(), minlength=len(bags) * self.dimension
        )
        summed = flat.reshape(len(bags), self.dimension)
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        unit: Matrix = (summed / lengths).astype(np.float32)
        return unit
