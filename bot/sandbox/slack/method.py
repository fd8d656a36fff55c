"""What every Web API method of the stand-in is given, and how it refuses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from bot.sandbox.slack.state import Channel, Grant, Team, World
from bot.sandbox.slack.types import Json, Message

T = TypeVar("T")


class Refused(Exception):
    """Slack's `ok: false`, with the error's name and what stands beside it."""

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Scene:
    """Who calls, and what a method may touch."""

    world: World
    team: Team
    grant: Grant
    emit: Callable[[str, Json], None]
    """Tell the app of this team of an event."""
    origin: str
    """The stand-in's own address, e.g. http://127.0.0.1:4711."""


Method: TypeAlias = Callable[[Scene, Json], Json]


def need(args: Json, *names: str) -> None:
    """Raises Refused(invalid_arguments), as Slack does, where one is absent."""
    missing = [f"[ERROR] missing required field: {name}" for name in names if not args.get(name)]
    if missing:
        raise Refused("invalid_arguments", response_metadata={"messages": missing})


def room(scene: Scene, args: Json, *, inside: bool = True) -> Channel:
    """The channel by its id, as the app sees it. Raises Refused: channel_not_found, not_in_channel."""
    channel = scene.world.channels.get(str(args.get("channel", "")))
    if channel is None or channel.team != scene.team.id:
        raise Refused("channel_not_found")
    member = scene.team.bot.id in channel.members
    if not member and channel.kind != "channel":
        raise Refused("channel_not_found")
    if inside and not member:
        raise Refused("not_in_channel")
    return channel


def said(channel: Channel, ts: object) -> Message:
    """Raises Refused(message_not_found)."""
    found = channel.messages.get(str(ts))
    if found is None:
        raise Refused("message_not_found")
    return found


def page(items: Sequence[T], args: Json, most: int = 100) -> tuple[Sequence[T], Json]:
    """As many as `limit` says from `cursor` on, and the metadata that leads to the next ones."""
    start = int(str(args.get("cursor") or "0").removeprefix("next:") or 0)
    end = start + int(args.get("limit") or most)
    return items[start:end], {"next_cursor": f"next:{end}" if end < len(items) else ""}
