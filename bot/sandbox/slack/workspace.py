"""The workspaces of the stand-in: who and what is there, and what the app may do in each."""

from msgspec.structs import replace

from bot.sandbox.slack.delivery import Dispatcher
from bot.sandbox.slack.hands import Hands
from bot.sandbox.slack.oauth import Installs
from bot.sandbox.slack.state import SCOPES, Channel, Grant, Team, World
from bot.sandbox.slack.types import User


class Workspace(Hands):
    """`team` is the first one: the app is installed there from the start."""

    def __init__(self, world: World, dispatcher: Dispatcher, installs: Installs) -> None:
        super().__init__(world, dispatcher)
        self.installs = installs
        self.team = self.add_team("Acme", installed=True)

    def add_team(self, name: str, *, installed: bool = False) -> Team:
        """A workspace with #general, where everybody is and the app is not; `installed`: the app has a token for it
        already, without OAuth."""
        team_id = self.world.new_id("T")
        bot = User(id=self.world.new_id("U"), team=team_id, name="chatsurvey", is_bot=True)
        team = self.world.teams[team_id] = Team(team_id, name, bot, self.world.new_id("B"))
        self.world.users[bot.id] = bot
        if installed:
            self.installs.install(team, SCOPES)
        self.add_channel("general", team=team, app=False)
        return team

    def add_user(
        self, name: str, *, team: Team | None = None, real_name: str = "", email: str = "", locale: str = "en-US"
    ) -> User:
        where = team or self.team
        user = User(
            id=self.world.new_id("U"), team=where.id, name=name, real_name=real_name, email=email, locale=locale
        )
        self.world.users[user.id] = user
        self.world.channel("general", where.id).members.add(user.id)
        return user

    def add_channel(
        self, name: str, *members: str, team: Team | None = None, app: bool = True, private: bool = False
    ) -> Channel:
        """With these people in it, and the app unless told otherwise."""
        where = team or self.team
        inside = {self.world.user(member, where.id).id for member in members} | ({where.bot.id} if app else set())
        channel = Channel(self.world.new_id("C"), where.id, name, "group" if private else "channel", inside)
        self.world.channels[channel.id] = channel
        return channel

    def leaves(self, user: str) -> None:
        """The account is closed: nothing reaches this person any more."""
        person = self.user(user)
        self.channel("dm", user).archived = True
        self.world.users[person.id] = replace(person, deleted=True)
        self.world.bell.ring()

    @property
    def bot_token(self) -> str:
        """That of the first team."""
        return self.token(self.team)

    def token(self, team: Team) -> str:
        return next(grant.token for grant in self.world.grants.values() if grant.team == team.id)

    def revoke(self, team: Team | None = None, error: str = "token_revoked") -> None:
        """The token of this team (the first one) is worth nothing from now on."""
        self._grant(team).revoked = error

    def scopes(self, *scopes: str, team: Team | None = None) -> None:
        """The app may do this and nothing else."""
        self._grant(team).scopes = scopes

    def _grant(self, team: Team | None) -> Grant:
        return self.world.grants[self.token(team or self.team)]

    def uninstalls(self, team: Team | None = None) -> None:
        """Somebody there takes the app away: it is told, and its token is worth nothing."""
        where = team or self.team
        self.dispatcher.emit(where.id, {"type": "app_uninstalled"})
        self.dispatcher.emit(where.id, {"type": "tokens_revoked", "tokens": {"bot": [where.bot.id]}})
        self.revoke(where, "account_inactive")
