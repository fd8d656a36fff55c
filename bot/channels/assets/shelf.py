"""The widget's folder as it is served: stripped, named by content, compressed once."""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from bot.channels.assets.strip import strip_css, strip_js

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}
LOADER = "loader.js"
PAGES = "pages"
_STRIP = {".js": strip_js, ".css": strip_css}
BUNDLES = {"widget.js": ("controls.js", "widget.js", "session.js")}
"""Scripts that are always loaded together are served as one: half a kilobyte and two requests less. They export their
functions by name, no name stands at the top of two of them, and the order is the one that packs best."""
_HASHED = re.compile(r"(.+)\.[0-9a-f]{8}(\.[a-z]+)")

Signature: TypeAlias = tuple[tuple[str, int, int], ...]
"""Of a folder: each file with its time and its size."""


class Body:
    """Bytes that are served as they are, or compressed; compressed once."""

    __slots__ = ("_packed", "etag", "plain", "type")

    def __init__(self, plain: bytes, ext: str) -> None:
        self.plain = plain
        self.type = TYPES[ext]
        self.etag = f'"{_hash(plain)}"'
        self._packed: dict[str, bytes] = {}

    async def packed(self, encoding: str) -> bytes:
        found = self._packed.get(encoding)
        if found is None:
            # In a thread, for the best brotli takes 50 ms for 40 kB and turns must not wait for that.
            found = await asyncio.to_thread(_pack, self.plain, encoding)
            self._packed[encoding] = found
        return found


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder as it was read once."""

    signature: Signature
    bodies: Mapping[str, Body]
    """By name, without the loader."""
    urls: Mapping[str, str]
    """By name, e.g. `widget.js` -> `/w/widget.01234567.js`."""
    widget: Mapping[str, str]
    """The urls that the widget itself may ask for: no pictures, and no file that is named after a page."""
    loader: str
    rendered: dict[tuple[str, ...], Body] = field(default_factory=dict)
    """The loader and the pages by site version, flow and language: as many as the flow file names."""


def signature_of(folder: Path) -> Signature:
    found = []
    for path in (*folder.iterdir(), *(folder / PAGES).iterdir()):
        if path.suffix in TYPES:
            stat = path.stat()
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(sorted(found))


def fill(folder: Path, signature: Signature) -> Shelf:
    texts: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in TYPES and path.suffix != ".html":
            text = path.read_text("utf-8")
            texts[path.name] = _STRIP[path.suffix](text) if path.suffix in _STRIP else text
    loader = texts.pop(LOADER, "")
    for whole, parts in BUNDLES.items():
        if whole in texts:
            texts[whole] = "\n".join([texts.pop(part) for part in parts if part in texts])
    bodies = {name: Body(text.encode(), Path(name).suffix) for name, text in texts.items()}
    # Every page view pays for these names: 32 bits tell the versions of one file apart.
    urls = {name: f"/w/{Path(name).stem}.{_hash(body.plain)[:8]}{Path(name).suffix}" for name, body in bodies.items()}
    pages = {path.stem for path in (folder / PAGES).iterdir()}
    widget = {name: url for name, url in urls.items() if not name.endswith(".svg") and Path(name).stem not in pages}
    return Shelf(signature, bodies, urls, widget, loader)


def name_of(file: str) -> str:
    """`widget.js` of `widget.01234567.js`; empty for what is no name of ours."""
    match = _HASHED.fullmatch(file)
    return match[1] + match[2] if match else ""


def _pack(plain: bytes, encoding: str) -> bytes:
    # Both imported here: only a service that serves the widget itself needs them.
    if encoding == "br":
        import brotli  # type: ignore[import-untyped]  # it ships no types  # noqa: PLC0415

        # Its modes are guesses at what text is like: which packs best is found by trying, and is not the one for text.
        packed = (brotli.compress(plain, quality=11, mode=mode) for mode in (brotli.MODE_GENERIC, brotli.MODE_FONT))
        return bytes(min(packed, key=len))
    import gzip  # noqa: PLC0415

    return gzip.compress(plain, 9, mtime=0)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
