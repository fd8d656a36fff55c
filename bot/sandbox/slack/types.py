"""Slack's things as the stand-in keeps them, and how each reads as JSON on the wire.

Messages and views are frozen: an update puts a new one in the old one's place, so what a person saw earlier stays as
it was seen (and an old button can be pressed, as on a page that was not refreshed).
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import Struct, field

# Any: a document of the platform as it travels. The stand-in passes it on and looks at a few fields by name.
Json: TypeAlias = dict[str, Any]

INPUTS = ("section", "actions", "input", "context", "context_actions")
"""Blocks that hold interactive elements."""


class User(Struct, frozen=True, kw_only=True):
    id: str
    team: str
    name: str
    real_name: str = ""
    email: str = ""
    locale: str = "en-US"
    tz: str = "Europe/Paris"
    is_bot: bool = False
    deleted: bool = False

    def json(self, *, locale: bool = False, email: bool = True) -> Json:
        shown = self.real_name or self.name
        profile: Json = {"real_name": shown, "display_name": self.name, "team": self.team}
        if email and self.email:
            profile["email"] = self.email
        found: Json = {"id": self.id, "team_id": self.team, "name": self.name, "real_name": shown, "tz": self.tz}
        found |= {"deleted": self.deleted, "is_bot": self.is_bot, "is_app_user": False, "profile": profile}
        return found | ({"locale": self.locale} if locale else {})


class Message(Struct, frozen=True, kw_only=True):
    """`user` wrote it (of the app: its bot user). `ephemeral` names the only one who sees it, `lost` a deleted one."""

    team: str
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    thread_ts: str = ""
    bot_id: str = ""
    app_id: str = ""
    username: str = ""
    metadata: Json | None = None
    files: tuple[Json, ...] = ()
    reactions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    edited: str = ""
    ephemeral: str = ""
    subtype: str = ""
    client_msg_id: str = ""

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in ("", self.ts)

    @property
    def elements(self) -> tuple[Json, ...]:
        """What can be pressed, chosen or filled in, from above; with the block_id it stands in."""
        return tuple(elements(self.blocks))

    @property
    def buttons(self) -> tuple[str, ...]:
        """What stands on its buttons."""
        return tuple(one["text"]["text"] for one in self.elements if one["type"] == "button")

    @property
    def shown(self) -> str:
        """What a reader sees: the words of its blocks, or its text where it has none."""
        return "\n".join(words(self.blocks)) if self.blocks else self.text

    def json(self, *, metadata: bool = False) -> Json:
        found: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts, "team": self.team}
        for name in ("subtype", "bot_id", "app_id", "username", "thread_ts", "client_msg_id"):
            if value := getattr(self, name):
                found[name] = value
        if self.blocks:
            found["blocks"] = list(self.blocks)
        if self.files:
            found["files"] = list(self.files)
        if self.edited:
            found["edited"] = {"user": self.user, "ts": self.edited}
        if self.reactions:
            found["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)} for name, users in self.reactions.items()
            ]
        if metadata and self.metadata is not None:
            found["metadata"] = self.metadata
        return found


class View(Struct, frozen=True, kw_only=True):
    """A modal that is open at `user`, or the App Home of that person. `body` is what the app sent."""

    id: str
    team: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    """By block_id: what the app said against the last submission."""

    @property
    def blocks(self) -> tuple[Json, ...]:
        return tuple(self.body["blocks"])

    @property
    def elements(self) -> tuple[Json, ...]:
        return tuple(elements(self.blocks))

    @property
    def title(self) -> str:
        return str(self.body.get("title", {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        return str(self.body.get("callback_id", ""))

    @property
    def shown(self) -> str:
        return "\n".join(words(self.blocks))

    def json(self, values: Json | None = None) -> Json:
        base: Json = {"id": self.id, "team_id": self.team, "hash": self.hash, "root_view_id": self.root}
        base |= {"previous_view_id": self.previous or None, "app_installed_team_id": self.team}
        absent: Json = {"callback_id": "", "private_metadata": "", "external_id": "", "submit": None, "close": None}
        absent |= {"clear_on_close": False, "notify_on_close": False}
        return base | absent | self.body | {"state": {"values": values or {}}}


def elements(blocks: tuple[Json, ...]) -> Iterator[Json]:
    """The interactive elements of these blocks, each with its block's id as `block_id`."""
    for block in blocks:
        if block["type"] not in INPUTS:
            continue
        for one in (block.get("accessory"), block.get("element"), *block.get("elements", ())):
            if one and "action_id" in one:
                yield one | {"block_id": block.get("block_id", ""), "optional": block.get("optional", False)}


# Any: whatever JSON stands in a block.
def words(node: Any) -> Iterator[str]:
    """Everything that is written in a piece of Block Kit, each element of rich text with its section on one line."""
    if isinstance(node, list | tuple):
        for one in node:
            yield from words(one)
    elif isinstance(node, dict):
        if node.get("type") in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            yield "".join(str(one.get("text") or one.get("url") or "") for one in node["elements"])
            return
        if isinstance(node.get("text"), str):
            yield node["text"]
        for name in ("title", "label", "text", "fields", "elements", "element", "accessory", "options", "hint"):
            if isinstance(node.get(name), dict | list | tuple):
                yield from words(node[name])
