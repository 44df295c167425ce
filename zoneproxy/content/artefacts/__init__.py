"""What never leaves the zone, known by parsed headers and schemas, never by name or declared type.

Weights (`weights`), tokenizers (`tokenizers`), vectors and training data (`tables`). Each module
takes bytes or a parsed value and says what it is, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from zoneproxy.content.artefacts import tables, tokenizers, weights
from zoneproxy.content.detectors.view import Hit

CATEGORIES = {
    "model_weights": "model_weights",
    "lora_adapter": "model_weights",
    "tokenizer": "model_weights",
    "embedding_dump": "model_weights",
    "training_archive": "domestic_corpus",
}
_LOOKS = (weights.kind_of, tokenizers.kind_of, tables.kind_of)


def find(data: bytes) -> Iterator[Hit]:
    """Say what asset of the zone the bytes are, if any; one kind at most."""
    for look in _LOOKS:
        if kind := look(data):
            yield Hit(kind, 0, len(data), 1, 1000, CATEGORIES[kind], kind)
            return
