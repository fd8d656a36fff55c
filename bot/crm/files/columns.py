"""The columns of a response in a table (CSV, Google Sheets): those of the mapping, or COLUMNS where there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.crm.mapping.mapped import Mapped, Plain, plain
from bot.crm.mapping.sources import clean
from bot.crm.shape import CONTACT, contact_of, moment
from bot.model import Response

TARGET = "row"
CHAT = "chat"
COLUMNS = (
    *("flow", "channel", "locale", "score", "segment", "outcome", "sample"),
    *("started_at", "scored_at", "updated_at", "ended_at", "email", "phone", "answers"),
)
SEPARATOR = "; "


def usual(response: Response) -> Mapping[str, Plain | None]:
    """COLUMNS of a response. What a page merely claims of a person is left out."""
    r = response
    contact = {key: value for key, (value, source) in contact_of(r).items() if source != "claimed"}
    return {
        "flow": r.flow,
        "channel": r.channel,
        "locale": r.locale,
        "score": r.score,
        "segment": r.segment,
        "outcome": r.outcome or None,
        "sample": r.sample,
        "started_at": moment(r.started),
        "scored_at": moment(r.scored),
        "updated_at": moment(r.updated),
        "ended_at": moment(r.ended),
        "email": contact.get("email"),
        "phone": contact.get("phone"),
        "answers": "\n".join(f"{a.key}: {a.label}" for a in r.answers if not a.key.startswith(CONTACT)) or None,
    }


@dataclass(frozen=True, slots=True)
class Columns:
    """What a writer of a table writes of a response."""

    mapping: Mapped
    link: Callable[[str], str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.mapping.fields.get(TARGET, ())) or COLUMNS

    def source(self, source: str) -> str:
        """The column that holds this source as it is; empty where none does."""
        fields = self.mapping.fields.get(TARGET, ())
        return next((field.name for field in fields if field.expr.exact == source), "")

    def of(self, response: Response) -> dict[str, Plain]:
        """Column -> value; absent ones are left out."""
        if not self.mapping.fields.get(TARGET):
            found = {name: value for name, value in usual(response).items() if value is not None}
        else:
            mapped = self.mapping.values(response, TARGET, self.link(response.chat))
            found = {name: plain(value, SEPARATOR) for name, value in mapped.items()}
        return {name: clean(value) if isinstance(value, str) else value for name, value in found.items()}
