"""What each channel can show: a table, read by the channels and by the checker of flows. Pure.

Sources: Telegram Bot API (sendMessage, InlineKeyboardButton: https://core.telegram.org/bots/api), Slack Block Kit
(https://docs.slack.dev/reference/block-kit/), and the layout of our own widget for the web.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths are in characters. 0 stands for no limit."""

    text: int
    """Of one message; a longer text goes out as several."""
    label: int
    """Of an option, before it is cut."""
    buttons: int
    """Options as buttons; where there are more, a menu or further rows take over."""
    buttons_row: int
    """Buttons side by side on a phone."""
    options: int
    """Options of one question at most."""
    key: int
    """Of an option's key, which travels with the button beside chat and fence."""
    link: int
    """Of the label of a link."""


WEB = Limits(text=0, label=0, buttons=0, buttons_row=0, options=0, key=0, link=0)
TELEGRAM = Limits(text=4_096, label=64, buttons=100, buttons_row=6, options=100, key=26, link=64)
"""64 bytes of callback_data hold 26 of the chat's id, two colons and up to nine digits of the fence. A longer label is
taken, and cut by the app on a narrow phone."""
SLACK = Limits(text=3_000, label=75, buttons=20, buttons_row=5, options=100, key=110, link=75)
"""150 characters of an option's value hold chat, fence and key."""

CHANNELS = {"web": WEB, "telegram": TELEGRAM, "slack": SLACK}
