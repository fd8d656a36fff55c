"""The pictures of the documentation: collected, and so taken from the real thing, only with UPDATE_PICTURES=1."""

from pathlib import Path

import pytest

from tests.e2e.browser import BROWSER, PHONE
from tests.e2e.conftest import Come

pytestmark = BROWSER

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 150_000
"""Bytes of a picture: a README is read over slow lines too."""

READY = """async () => {
  // A machine without a screen has few fonts: the sans that most visitors see (or its metrics), not its fallback.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('body { font-family: Inter, "Segoe UI", Arial, "Liberation Sans", sans-serif; }');
  document.adoptedStyleSheets = [sheet];
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode()));
}"""

WIDE = (1200, 720)
SCENES = {
    "widget": ("/", WIDE, 1.1),
    "widget-dark": ("/?scheme=dark", WIDE, 1.1),
    "widget-phone": ("/", PHONE, 1.5),
    "hosted": ("/chat/nps", WIDE, 1.1),
}
"""By name: the page, the size of the window, pixels a CSS pixel."""


@pytest.mark.parametrize("name", SCENES)
async def test_take(come: Come, name: str) -> None:
    path, size, scale = SCENES[name]
    visitor = await come(path, size, device_scale_factor=scale)
    await visitor.asked("How likely are you")
    await visitor.page.evaluate(READY)
    await visitor.page.evaluate("scrollTo(0, document.querySelector('.demo')?.offsetHeight ?? 0)")
    file = PICTURES / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    await visitor.page.screenshot(path=file)
    assert file.stat().st_size < LARGEST
