"""What people do in the stand-in for Slack with buttons, menus, modals, commands and shortcuts.

Each returns how the app acknowledged it; where it did not, the person sees a warning and can try again. A message or
view is pressed as it was seen: what was replaced since still goes out, as from a page that was not refreshed.
"""

from collections.abc import Mapping

from bot.sandbox.slack.answers import Answers
from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.fill import Value, filled, state
from bot.sandbox.slack.people import People
from bot.sandbox.slack.state import APP_ID
from bot.sandbox.slack.types import Json, Message, User, View


class Hands(People):
    answers: Answers

    async def presses(self, user: str, on: Message | View, action_id: str, value: str | None = None) -> Ack:
        """A button; `value` where several share the action_id. Raises LookupError where there is none."""
        for one in on.elements:
            if one["type"] == "button" and one["action_id"] == action_id and value in (None, one.get("value")):
                known: Json = {name: one[name] for name in ("value", "text", "style", "url") if name in one}
                return await self._act(user, on, one, {"type": "button", **known})
        raise LookupError(f"no button {action_id} {value or ''}")

    async def chooses(self, user: str, on: Message | View, action_id: str, value: Value) -> Ack:
        """An option of an overflow menu, a select, radio buttons ... Raises LookupError where it is not offered."""
        for one in on.elements:
            if one["type"] != "button" and one["action_id"] == action_id:
                return await self._act(user, on, one, filled(one, value))
        raise LookupError(f"no menu {action_id}")

    async def _act(self, user: str, on: Message | View, element: Json, done: Json) -> Ack:
        person = self.user(user)
        action = done | {"action_id": element["action_id"], "block_id": element["block_id"]}
        payload = self._payload("block_actions", person, on.id if isinstance(on, View) else "")
        payload |= {"actions": [action | {"action_ts": self.world.ts()}]}
        if isinstance(on, View):
            payload |= {"container": {"type": "view", "view_id": on.id}, "view": on.json(state(on, {}))}
            return await self.dispatcher.act("interactive", payload)
        payload |= self._about(person, on) | {"state": {"values": {}}}
        seen: Json = {"type": "message", "message_ts": on.ts, "channel_id": on.channel}
        payload["container"] = seen | {"is_ephemeral": bool(on.ephemeral)}
        if on.is_reply:
            payload["container"] |= {"thread_ts": on.thread_ts}
        return await self.dispatcher.act("interactive", payload)

    async def submits(self, user: str, values: Mapping[str, Value], view: View | None = None) -> Ack:
        """The person's topmost modal, or this one; `values` by action_id. Raises LookupError and ValueError where the
        form itself would not let one. What the app answers (errors, another view) has happened on return."""
        person, on = self._open(user, view)
        payload = self._payload("view_submission", person, on.id)
        payload |= {"view": on.json(state(on, values, complete=True)), "response_urls": []}
        ack = await self.dispatcher.act("interactive", payload)
        return self.answers.submitted(person, on, ack) if ack.ok else ack

    async def closes(self, user: str) -> Ack | None:
        """The topmost modal; None where the app did not ask to hear of it."""
        person, on = self._open(user, None)
        self.world.modals[person.id].remove(on)
        self.world.bell.ring()
        if not on.body.get("notify_on_close"):
            return None
        payload = self._payload("view_closed", person, "") | {"view": on.json(), "is_cleared": False}
        return await self.dispatcher.act("interactive", payload)

    async def runs_command(self, user: str, command: str, text: str = "", channel: str = "dm") -> Ack:
        """`/survey nps` is command `/survey` with text `nps`."""
        person, where = self.user(user), self.channel(channel, user)
        team = self.world.teams[person.team]
        payload: Json = {"token": "sandbox", "team_id": team.id, "team_domain": team.domain, "api_app_id": APP_ID}
        payload |= {"channel_id": where.id, "channel_name": where.name, "user_id": person.id, "user_name": person.name}
        payload |= {"command": command, "text": text, "is_enterprise_install": "false"}
        payload |= {"response_url": self.answers.url(person, where.id), "trigger_id": self.world.trigger(person)}
        ack = await self.dispatcher.act("slash_commands", payload)
        if ack.ok and isinstance(ack.body, dict) and (ack.body.get("text") or ack.body.get("blocks")):
            self.answers.post(person, where.id, ack.body)
        return ack

    async def shortcut(self, user: str, callback_id: str, message: Message | None = None) -> Ack:
        """From anywhere, or on a message."""
        person = self.user(user)
        kind = "message_action" if message else "shortcut"
        payload = self._payload(kind, person, "") | {"callback_id": callback_id, "action_ts": self.world.ts()}
        if message:
            payload |= self._about(person, message) | {"message_ts": message.ts}
        return await self.dispatcher.act("interactive", payload)

    def _open(self, user: str, view: View | None) -> tuple[User, View]:
        person = self.user(user)
        on = view or self.modal(user)
        if on is None:
            raise LookupError(f"{person.name} has no modal open")
        return person, on

    def _payload(self, kind: str, person: User, view: str) -> Json:
        team = self.world.teams[person.team]
        who = {"id": person.id, "username": person.name, "name": person.name, "team_id": team.id}
        found: Json = {"type": kind, "user": who, "team": {"id": team.id, "domain": team.domain}}
        found |= {"api_app_id": APP_ID, "token": "sandbox", "enterprise": None, "is_enterprise_install": False}
        return found if kind == "view_closed" else found | {"trigger_id": self.world.trigger(person, view)}

    def _about(self, person: User, message: Message) -> Json:
        where = self.world.channels[message.channel]
        found: Json = {"channel": {"id": where.id, "name": where.name}}
        found["response_url"] = self.answers.url(person, where.id, message)
        if not message.ephemeral:
            found["message"] = (self.now(message) or message).json()
        return found
