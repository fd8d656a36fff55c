"""Which of the vendor's two documents a request of ours is held against."""

from collections.abc import Sequence

from bot.sandbox.crm.adobe import Adobe
from bot.sandbox.crm.standin import Exchange
from tests.harness.crm import contract

ASSEMBLED = contract("adobe-campaign-standard/openapi.json")
SDK = contract("adobe-campaign-standard/vendor-sdk-spec.json")
"""The vendor's own document, which has no bodies: it alone knows how an extended profile is read."""


def check(exchange: Exchange) -> Sequence[str]:
    if exchange.path == Adobe.login_path:
        return ()
    extended = exchange.method == "GET" and "/profileAndServicesExt/" in exchange.path
    return (SDK if extended else ASSEMBLED)(exchange)
