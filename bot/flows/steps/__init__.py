"""The kinds of step, as an explicit table. A new kind is one file, one line here and one golden case."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.flows.steps.base import StepKind
from bot.flows.steps.choice import ChoiceKind
from bot.flows.steps.email import Email
from bot.flows.steps.handoff import Handoff
from bot.flows.steps.link import LinkKind
from bot.flows.steps.message import Message
from bot.flows.steps.nps import Nps
from bot.flows.steps.phone import PhoneKind
from bot.flows.steps.slot import Slot
from bot.flows.steps.text import TextKind
from bot.flows.steps.yesno import YesNo

_ALL: tuple[StepKind, ...] = (
    Nps(),
    ChoiceKind(),
    YesNo(),
    TextKind(),
    Email(),
    PhoneKind(),
    Slot(),
    Message(),
    LinkKind(),
    Handoff(),
)

KINDS: Mapping[str, StepKind] = MappingProxyType({kind.name: kind for kind in _ALL})
