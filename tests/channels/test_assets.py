"""The widget's files, the loader and our own pages as they are served."""

import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest
from aiohttp import ClientSession, web

from bot.channels.assets.assets import Assets, Brand, Site, nearest
from tests.channels.service import Service, running

SITE = Site(
    "v1",
    Brand("Acme & </script> Söhne", "#1f5c3d", ""),
    ("en", "fr"),
    {"nps": {"en": "How are we doing?"}, "other": {}},
    closed_days=30,
    answered_days=90,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    files = {
        "loader.js": "// the loader\nconst config = __CONFIG__;\n",
        "widget.js": "// the widget\nexport default () => 'a // b';\n",
        "style.css": "/* looks */\na { color: red }\n",
        "demo.css": "b { color: blue }",
        "leaf.svg": "<svg> <!-- kept --> </svg>",
        "notes.txt": "not served",
        "pages/demo.html": "<h1>{{ brand.name }}</h1>{{ locale }} {{ flow }} {{ assets['demo.css'] }}",
        "pages/hosted.html": "{{ flow }}",
        "pages/privacy.html": "privacy",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


class Owner:
    """The live site, which a test may change."""

    site = SITE


@asynccontextmanager
async def serving(folder: Path, owner: Owner | None = None) -> AsyncIterator[ClientSession]:
    site = owner or Owner()
    app = web.Application()
    app.add_routes(Assets(folder, lambda: site.site, {"X-Page": "own"}, {"X-Page": "hosted"}).routes())
    async with running(app) as client:
        yield client


async def config_of(client: ClientSession) -> dict[str, dict[str, str]]:
    text = await (await client.get("/widget.js")).text()
    config: dict[str, dict[str, str]] = json.loads(text.removeprefix("const config=").removesuffix(";"))
    return config


async def test_the_loader_knows_what_the_widget_needs(folder: Path) -> None:
    async with serving(folder) as client:
        response = await client.get("/widget.js")
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "</script" not in await response.text()
        config = await config_of(client)
        assert config.pop("assets").keys() == {"widget.js", "style.css"}
        assert config == {
            "brand": {"name": "Acme & </script> Söhne", "color": "#1f5c3d", "privacy": "/privacy"},
            "languages": ["en", "fr"],
            "flows": {"nps": {"invite": {"en": "How are we doing?"}}, "other": {}},
            "flow": "nps",
            "days": {"closed": 30, "answered": 90},
        }


async def test_a_file_is_kept_for_ever_under_its_hash(folder: Path) -> None:
    async with serving(folder) as client:
        url = (await config_of(client))["assets"]["widget.js"]
        assert re.fullmatch(r"/w/widget\.[0-9a-f]{8}\.js", url)
        response = await client.get(url)
        assert await response.text() == "export default()=>'a // b';"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        old = await client.get("/w/widget.00000000.js")
        assert (await old.text(), old.headers["Cache-Control"]) == (await response.text(), "no-store")
        assert (await client.get("/w/notes.00000000.txt")).status == 404
        assert (await client.get("/w/loader.00000000.js")).status == 404


async def test_scripts_that_are_loaded_together_are_one_file(folder: Path) -> None:
    (folder / "session.js").write_text("// the chat\nexport function session() { return 1; }\n", "utf-8")
    async with serving(folder) as client:
        assets = (await config_of(client))["assets"]
        served = await (await client.get(assets["widget.js"])).text()
    assert "session.js" not in assets
    assert served == "export default()=>'a // b';\nexport function session(){return 1}"


async def test_an_edited_file_has_another_address(folder: Path) -> None:
    async with serving(folder) as client:
        before = (await config_of(client))["assets"]["widget.js"]
        (folder / "widget.js").write_text("export default 2", "utf-8")
        after = (await config_of(client))["assets"]["widget.js"]
        assert before != after
        assert await (await client.get(after)).text() == "export default 2"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("BR", "br"),
        ("identity", None),
        ("", None),
        ("br;q=x", None),
    ],
)
@pytest.mark.parametrize("path", ["/", "/widget.js", "/w/style.00000000.css"])
async def test_compression(folder: Path, path: str, accepted: str, encoding: str | None) -> None:
    async with serving(folder) as client:
        plain = await (await client.get(path, headers={"Accept-Encoding": "identity"})).read()
        async with ClientSession(client._base_url, auto_decompress=False) as raw:
            response = await raw.get(path, headers={"Accept-Encoding": accepted})
            body = await response.read()
        assert response.headers.get("Content-Encoding") == encoding
        assert response.headers["Vary"] == "Accept-Encoding"
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
        assert unpack(body) == plain


@pytest.mark.parametrize("path", ["/", "/chat/nps", "/privacy", "/widget.js", "/w/style.00000000.css"])
async def test_what_has_not_changed_is_not_sent_again(folder: Path, path: str) -> None:
    async with serving(folder) as client:
        etag = (await client.get(path)).headers["ETag"]
        again = await client.get(path, headers={"If-None-Match": f'W/"x", {etag}'})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
        assert (await client.get(path, headers={"If-None-Match": '"other"'})).status == 200


async def test_the_pages(folder: Path) -> None:
    async with serving(folder) as client:
        page = await client.get("/", headers={"Accept-Language": "fr"})
        text = await page.text()
        assert text.startswith("<h1>Acme &amp; &lt;/script&gt; Söhne</h1>fr nps /w/demo.")
        assert (page.headers["X-Page"], page.headers["Cache-Control"]) == ("own", "no-cache")
        hosted = await client.get("/chat/other")
        assert (await hosted.text(), hosted.headers["X-Page"]) == ("other", "hosted")
        assert (await client.get("/favicon.ico")).status == 204


async def test_another_flow_file_shows_at_once(folder: Path) -> None:
    owner = Owner()
    async with serving(folder, owner) as client:
        assert "Acme" in await (await client.get("/")).text()
        owner.site = Site("v2", Brand("Other", "#000", "https://other.example/privacy"), ("de",), {"nps": {}})
        assert "<h1>Other</h1>de" in await (await client.get("/")).text()
        assert (await config_of(client))["brand"]["privacy"] == "https://other.example/privacy"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (("", "fr-CH, fr;q=0.9, en;q=0.8"), "fr"),
        (("", "de, en;q=0.3, fr;q=0.7"), "fr"),
        (("", "fr;q=0, en;q=0.1"), "en"),
        (("fr", "en"), "fr"),
        (("xx", "fr"), "fr"),
        (("", "*"), "en"),
        (("", ""), "en"),
        (("", "fr;q=zero;,,;q=,"), "en"),
    ],
)
def test_the_nearest_language(wanted: tuple[str, str], language: str) -> None:
    assert nearest(("en", "fr"), *wanted) == language


def urls_in(html: str) -> Iterator[str]:
    return (match[1] for match in re.finditer(r"(?:src|href)=\"(/[^\"]*)\"", html))


@pytest.mark.parametrize("page", ["/", "/chat/nps", "/privacy", "/privacy?lang=fr"])
async def test_our_pages_ask_for_nothing_that_is_not_there(service: Service, page: str) -> None:
    response = await service.get(page)
    html = await response.text()
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for url in urls_in(html):
        assert (await service.get(url)).status == 200, url
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
