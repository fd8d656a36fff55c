"""The desk, put together from the settings: the board in Slack, its jobs, the file that a card links to."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from bot.alarms import Alarms, Raising
from bot.casework import Casework
from bot.casework_cases import Cases
from bot.casework_home import Homes
from bot.casework_parts import Parts
from bot.channels.base import Front
from bot.channels.slack_desk import routes as files
from bot.channels.verify import Tokens
from bot.deliver import sent_to
from bot.jobs import Handler
from bot.records.base import Records
from bot.settings_types import Settings
from bot.store.base import Store

if TYPE_CHECKING:
    from bot.channels.slack.api import SlackApi
    from bot.channels.slack.app import Errands, Register
    from bot.channels.slack_desk.desk import SlackBoard


def has_desk(settings: Settings) -> bool:
    """Whether there is anybody to act: a channel for cases, and tokens to reach it."""
    return settings.has_desk


class Desk:
    """`listeners` is called once, where the app of Slack is made; `handlers` and `routes` after that."""

    def __init__(
        self,
        settings: Settings,
        front: Front,
        store: Store,
        *,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        wake: Callable[[], None],
        alarms: Alarms,
    ) -> None:
        self._settings, self._front, self._store = settings, front, store
        self._clock, self._jitter = clock, jitter
        self._tokens = Tokens(settings.secrets)
        self._board: SlackBoard | None = None
        self._alarms = alarms
        self.cases = Cases(store, front, settings.desk, clock, wake)

    def listeners(self, api: "SlackApi", errands: "Errands") -> Sequence["Register"]:
        from bot.channels.slack_desk.alarms import SlackAlarms  # noqa: PLC0415 - as above
        from bot.channels.slack_desk.desk import SlackBoard  # noqa: PLC0415 - with its library, only where it is used
        from bot.channels.slack_desk.listen import SlackDesk  # noqa: PLC0415 - as above

        self._board = SlackBoard(api)
        return (SlackDesk(self.cases, api, errands).register, SlackAlarms(self._alarms).register)

    def handlers(self, records: Records, gates: Mapping[str, Handler]) -> Mapping[str, Handler]:
        """`gates`: those of the writers, which may still come to be known."""
        if self._board is None:
            return {}
        parts = Parts(
            store=self._store,
            front=self._front,
            board=self._board,
            cases=self.cases,
            policy=self._settings.desk,
            clock=self._clock,
            jitter=self._jitter,
            ics=lambda chat: files.address(self._settings.public_url, self._tokens, chat),
            sent=partial(sent_to, self._store),
        )
        raising = Raising(self._store, self._board, self._settings.desk.to, self._clock, self._jitter, gates=gates)
        return {**Casework(parts).handlers(), **Homes(parts, records).handlers(), **raising.handlers()}

    def routes(self) -> Sequence[web.RouteDef]:
        return files.routes(self._tokens, self.cases.calendar)
