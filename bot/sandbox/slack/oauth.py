"""Installing the app into a workspace: what a person's consent gives, and what the app makes of the code."""

from urllib.parse import urlencode

from bot.sandbox.slack.method import Refused
from bot.sandbox.slack.state import APP_ID, SCOPES, Grant, Team, World
from bot.sandbox.slack.types import Json, User


class Installs:
    """`client_id` and `client_secret` are those of the app; a code is good once."""

    def __init__(self, world: World, client_id: str, client_secret: str) -> None:
        self._world = world
        self._client = (client_id, client_secret)
        self._codes: dict[str, tuple[str, tuple[str, ...], str, str]] = {}

    def install(self, team: Team, scopes: tuple[str, ...] = SCOPES) -> Grant:
        """A bot token for the team, in place of an earlier one."""
        number = list(self._world.teams).index(team.id)
        grant = Grant(f"xoxb-sandbox-{number}-{self._world.new_id('token')}", team.id, scopes)
        for old in [token for token, given in self._world.grants.items() if given.team == team.id]:
            del self._world.grants[old]
        self._world.grants[grant.token] = grant
        return grant

    def consent(self, user: User, query: dict[str, str]) -> str:
        """Where the browser goes when `user` has allowed what the page at /oauth/v2/authorize asked. Raises Refused."""
        if query.get("client_id") != self._client[0]:
            raise Refused("invalid_client_id")
        code = self._world.new_id("code")
        scopes = tuple(name for name in query.get("scope", "").split(",") if name)
        self._codes[code] = (user.team, scopes, user.id, query.get("redirect_uri", ""))
        return f"{query.get('redirect_uri', '')}?{urlencode({'code': code, 'state': query.get('state', '')})}"

    def access(self, args: Json) -> Json:
        """oauth.v2.access. Raises Refused."""
        if (args.get("client_id"), args.get("client_secret")) != self._client:
            raise Refused("bad_client_secret" if args.get("client_id") == self._client[0] else "invalid_client_id")
        found = self._codes.pop(str(args.get("code")), None)
        if found is None:
            raise Refused("invalid_code")
        team_id, scopes, user, redirect = found
        if args.get("redirect_uri", redirect) != redirect:
            raise Refused("bad_redirect_uri")
        team = self._world.teams[team_id]
        grant = self.install(team, scopes)
        answer: Json = {"app_id": APP_ID, "token_type": "bot", "access_token": grant.token, "bot_user_id": team.bot.id}
        answer |= {"scope": ",".join(scopes), "team": {"id": team.id, "name": team.name}, "enterprise": None}
        return answer | {"is_enterprise_install": False, "authed_user": {"id": user}}
