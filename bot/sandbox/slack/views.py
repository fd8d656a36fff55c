"""views.* of the stand-in: modals, which open within seconds of what a person did, and the App Home."""

import asyncio
from typing import Any

from bot.sandbox.slack.check import faults_of_view
from bot.sandbox.slack.method import Method, Refused, Scene, need
from bot.sandbox.slack.state import Trigger
from bot.sandbox.slack.types import Json, View

DEPTH = 3
"""Modals on top of each other."""


def checked(view: Any) -> Json:
    """Raises Refused where Slack would not show it."""
    if not isinstance(view, dict):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] view: not an object"]})
    if faults := faults_of_view(view):
        raise Refused("invalid_arguments", response_metadata={"messages": faults})
    return view


def _trigger(scene: Scene, args: Json) -> Trigger:
    found = scene.world.triggers.get(str(args.get("trigger_id")))
    if found is None or found.team != scene.team.id:
        raise Refused("invalid_trigger_id")
    if found.used:
        raise Refused("exchanged_trigger_id")
    if asyncio.get_running_loop().time() > found.until:
        raise Refused("expired_trigger_id")
    return found


def open_(scene: Scene, args: Json) -> Json:
    """Opens in the place of whatever modal that person has open."""
    need(args, "trigger_id", "view")
    trigger, body = _trigger(scene, args), checked(args["view"])
    trigger.used = True
    scene.world.modals.pop(trigger.user, None)
    return _answer(scene.world.new_view(scene.world.users[trigger.user], body))


def push(scene: Scene, args: Json) -> Json:
    need(args, "trigger_id", "view")
    trigger, body = _trigger(scene, args), checked(args["view"])
    stack = scene.world.modals.get(trigger.user, [])
    if not stack:
        raise Refused("not_found")
    if len(stack) == DEPTH:
        raise Refused("push_limit_reached")
    trigger.used = True
    return _answer(scene.world.new_view(scene.world.users[trigger.user], body, stack[-1]))


def update(scene: Scene, args: Json) -> Json:
    """Needs view_id or external_id; with `hash` only the state that the app has seen is replaced."""
    found = scene.world.view(str(args.get("view_id") or args.get("external_id") or ""))
    if found is None or found.team != scene.team.id:
        raise Refused("not_found")
    if args.get("hash") and args["hash"] != found.hash:
        raise Refused("hash_conflict")
    return _answer(scene.world.changed_view(found, checked(args.get("view"))))


def publish(scene: Scene, args: Json) -> Json:
    need(args, "user_id", "view")
    user = scene.world.users.get(str(args["user_id"]))
    if user is None or user.team != scene.team.id:
        raise Refused("user_not_found")
    body, old = checked(args["view"]), scene.world.homes.get(user.id)
    if body["type"] != "home":
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] view: not a home"]})
    if old and args.get("hash") and args["hash"] != old.hash:
        raise Refused("hash_conflict")
    return _answer(scene.world.changed_view(old, body) if old else scene.world.new_view(user, body))


def _answer(view: View) -> Json:
    return {"view": view.json()}


METHODS: dict[str, tuple[Method, tuple[str, ...]]] = {
    "views.open": (open_, ()),
    "views.push": (push, ()),
    "views.update": (update, ()),
    "views.publish": (publish, ()),
}
