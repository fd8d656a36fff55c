"""What most kinds share: a handful of optional texts of their own, and answers that are plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.flows.nodes import Table
from bot.flows.spec import Step, Text


@dataclass(frozen=True, slots=True)
class Wording:
    """Config of a kind that has nothing but texts: those that the file gives, by key."""

    texts: Mapping[str, Text] = field(default_factory=dict)


def read_texts(table: Table, keys: tuple[str, ...]) -> dict[str, Text]:
    found = ((key, table.text(key)) for key in keys)
    return {key: text for key, text in found if text is not None}


class Worded:
    """Base of kinds whose own keys are all texts that are shown under the question."""

    staffed = False
    passes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def parse(self, table: Table) -> object:
        return Wording(read_texts(table, self.keys))

    def texts(self, step: Step) -> Mapping[str, Text]:
        return step.config.texts if isinstance(step.config, Wording) else {}
