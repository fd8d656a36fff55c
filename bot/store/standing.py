"""Which of the documents beside settlements stand: what every store asks before it puts them."""

from collections.abc import Iterable

from bot.model import Doc


def stand(docs: Iterable[Doc]) -> dict[tuple[str, str], Doc]:
    """By kind and id, which of the documents of one commit may be put: of several under one name the last, but of those
    that say a version the first."""
    found: dict[tuple[str, str], Doc] = {}
    for doc in docs:
        key = doc.kind, doc.id
        if not doc.version or key not in found:
            found[key] = doc
    return found
