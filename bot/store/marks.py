"""Marks of a store that one process uses alone: in memory, since a sign of life means nothing after its process."""

import time
from collections.abc import Mapping


class Marks:
    """Times are ms of the monotonic clock, which nobody sets."""

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, tuple[float, bytes]]] = {}

    def put(self, group: str, name: str, value: bytes, ttl: int) -> None:
        self._groups.setdefault(group, {})[name] = (time.monotonic() * 1_000 + ttl, value)

    def drop(self, group: str, name: str) -> None:
        here = self._groups.get(group, {})
        here.pop(name, None)
        if not here:
            self._groups.pop(group, None)

    def of(self, group: str) -> Mapping[str, bytes]:
        now, here = time.monotonic() * 1_000, self._groups.get(group, {})
        for name in [name for name, (until, _) in here.items() if until <= now]:
            self.drop(group, name)
        return {name: value for name, (_, value) in here.items()}
