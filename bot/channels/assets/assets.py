"""The widget's files, the loader and our own pages, as they are served.

Every file directly in the folder is served at `/w/<stem>.<hash><ext>`: its address changes with its content, so it may
be kept for ever. The loader and the pages are small and revalidated; they name those addresses. Comments and blanks
are taken out, and each file is compressed once, when it is first asked for, so that a start pays for none of it. The
folder is looked at again with each loader and page: an edited file is live at once.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from bot.channels.assets.shelf import LOADER, PAGES, Body, Shelf, fill, name_of, signature_of
from bot.channels.web.errors import Refused, problem

if TYPE_CHECKING:
    from jinja2 import Environment

_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATED = "no-cache"
_OPEN = {
    "Access-Control-Allow-Origin": "*",  # a page of any site may embed the widget; what it may do is decided per call
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    color: str
    privacy: str


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages and the loader say of the owner and of the flows that are live."""

    version: str
    brand: Brand
    languages: tuple[str, ...]
    """The first is the fallback."""
    flows: Mapping[str, Mapping[str, str]]
    """The words on the launcher by language, by flow; the first flow is the default."""
    closed_days: int = 30
    answered_days: int = 90


class Assets:
    """`site` gives the live site, so that an edited flow file shows."""

    def __init__(
        self, folder: Path, site: Callable[[], Site], headers: Mapping[str, str], hosted: Mapping[str, str]
    ) -> None:
        """`headers` go with our pages, `hosted` with the hosted chat."""
        self._folder, self._site = folder, site
        self._headers, self._hosted = headers, hosted
        self._shelf: Shelf | None = None
        self._templates: Environment | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._demo),
            web.get("/chat/{flow}", self._chat),
            web.get("/privacy", self._privacy),
            web.get("/widget.js", self._loader),
            web.get("/w/{file}", self._file),
            web.get("/favicon.ico", _no_icon),
        ]

    async def _file(self, request: web.Request) -> web.StreamResponse:
        shelf = self._shelf or await self._read()
        file = request.match_info["file"]
        name = name_of(file)
        body = shelf.bodies.get(name)
        if body is None:
            return problem(Refused(404, "unknown", "There is no such file."))
        # A page that was loaded before an update asks for the file of then: it gets the one of now, and keeps nothing.
        cache = _FOREVER if shelf.urls[name] == f"/w/{file}" else "no-store"
        return await _send(request, body, cache, _OPEN)

    async def _loader(self, request: web.Request) -> web.StreamResponse:
        shelf, site = await self._read(), self._site()
        body = shelf.rendered.get((LOADER, site.version))
        if body is None:
            config = json.dumps(_config(site, shelf.widget), ensure_ascii=False, separators=(",", ":"))
            body = Body(shelf.loader.replace("__CONFIG__", config.replace("</", "<\\/")).encode(), ".js")
            shelf.rendered[LOADER, site.version] = body
        return await _send(request, body, _REVALIDATED, _OPEN)

    async def _demo(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "demo.html", next(iter(self._site().flows)), self._headers)

    async def _privacy(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "privacy.html", next(iter(self._site().flows)), self._headers)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        flow = request.match_info["flow"]
        if flow not in self._site().flows:
            return problem(Refused(404, "unknown", "There is no such flow."))
        return await self._page(request, "hosted.html", flow, self._hosted)

    async def _page(self, request: web.Request, name: str, flow: str, headers: Mapping[str, str]) -> web.StreamResponse:
        shelf, site = await self._read(), self._site()
        wanted = request.query.get("lang", ""), request.headers.get("Accept-Language", "")
        locale = nearest(site.languages, *wanted)
        body = shelf.rendered.get((name, site.version, flow, locale))
        if body is None:
            template = self._environment().get_template(name)
            facts = {"brand": site.brand, "languages": site.languages, "flow": flow, "flows": tuple(site.flows)}
            body = Body(template.render(**facts, locale=locale, assets=shelf.urls).encode(), ".html")
            shelf.rendered[name, site.version, flow, locale] = body
        return await _send(request, body, _REVALIDATED, headers)

    def _environment(self) -> "Environment":
        if self._templates is None:
            # Imported here, for the first page pays for it and a start does not.
            from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

            self._templates = Environment(
                loader=FileSystemLoader(self._folder / PAGES),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
        return self._templates

    async def _read(self) -> Shelf:
        """The folder, read again where something in it has changed."""
        signature = signature_of(self._folder)
        if self._shelf is None or self._shelf.signature != signature:
            self._shelf = await asyncio.to_thread(fill, self._folder, signature)
        return self._shelf


def nearest(languages: tuple[str, ...], *wanted: str) -> str:
    """The first of the languages that is wanted; each of `wanted` is a tag or an Accept-Language list."""
    for header in wanted:
        ranked = sorted((_ranked(part) for part in header.split(",")), key=lambda pair: -pair[1])
        for tag, weight in ranked:
            found = tag if tag in languages else tag.partition("-")[0]
            if weight and found in languages:
                return found
    return languages[0]


def _ranked(part: str) -> tuple[str, float]:
    tag, _, weight = part.partition(";q=")
    try:
        return tag.strip(), float(weight or 1)
    except ValueError:
        return tag.strip(), 0.0


def _config(site: Site, urls: Mapping[str, str]) -> dict[str, object]:
    """What the loader knows before anything is asked; its shape is written in `web_widget/loader.js`."""
    return {
        "assets": dict(urls),
        "brand": {"name": site.brand.name, "color": site.brand.color, "privacy": site.brand.privacy or "/privacy"},
        "languages": site.languages,
        "flows": {name: {"invite": dict(words)} if words else {} for name, words in site.flows.items()},
        "flow": next(iter(site.flows)),
        "days": {"closed": site.closed_days, "answered": site.answered_days},
    }


async def _send(request: web.Request, body: Body, cache: str, more: Mapping[str, str]) -> web.Response:
    headers = {"ETag": body.etag, "Cache-Control": cache, "Vary": "Accept-Encoding", **more}
    if body.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = body.type
    encoding = _encoding(request.headers.get("Accept-Encoding", ""))
    if not encoding:
        return web.Response(body=body.plain, headers=headers)
    headers["Content-Encoding"] = encoding
    return web.Response(body=await body.packed(encoding), headers=headers)


def _encoding(accepted: str) -> str:
    weights = dict(_ranked(part) for part in accepted.replace(" ", "").lower().split(","))
    return next((name for name in ("br", "gzip") if weights.get(name)), "")


async def _no_icon(_request: web.Request) -> web.StreamResponse:
    """Browsers ask for it on their own; an error in their consoles would look like one of ours."""
    return web.Response(status=204, headers={"Cache-Control": "public, max-age=86400"})
