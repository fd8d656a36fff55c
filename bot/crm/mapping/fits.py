"""Whether the filters behind an answer fit what its steps can save: there is no time in a choice. Pure."""

from collections.abc import Iterator, Mapping

from bot.crm.mapping.expr import Use
from bot.crm.mapping.syntax import Call
from bot.errors import Problem
from bot.flows.nodes import nearest
from bot.flows.spec import Step

NEVER: Mapping[str, tuple[str, ...]] = {
    "date": ("choice", "yesno", "email", "phone"),
    "datetime": ("choice", "yesno", "email", "phone"),
    "integer": ("yesno", "email", "slot"),
    "number": ("yesno", "email", "slot"),
    "boolean": ("email", "phone", "slot"),
}
"""Filter -> kinds of steps whose answers it can never use."""

PAGE = ("page_url", "page_title", "referrer")
"""What every page says of itself."""


def fits(use: Use, steps: tuple[Step, ...]) -> Iterator[Problem]:
    """For one reading of an answer; `steps` are those that save it."""
    if use.label or not steps:
        return
    for place, call in enumerate(use.calls):
        kinds = {step.kind for step in steps}
        if kinds <= set(NEVER.get(call.name, ())):
            kind = steps[0].kind
            told = f"{call.name} never finds one in the answer to a {kind} question: the field is left out"
            yield Problem(use.mark, "", told, "remove the filter, or take another source", "warning")
        if call.name == "map" and place == 0:
            yield from _map(use, call, steps, guarded=any(one.name == "default" for one in use.calls))
        if call.name in ("map", "label", "upper", "lower", "title"):
            return  # what follows sees other words than the answer's


def _map(use: Use, call: Call, steps: tuple[Step, ...], guarded: bool) -> Iterator[Problem]:
    known = options_of(steps)
    if not known:
        return
    given = [arg.key for arg in call.args]
    for key in given:
        if key not in known:
            near = nearest(key, known)
            hint = f'did you mean "{near}"?' if near else f"there are: {', '.join(known[:12])}"
            yield Problem(use.mark, "", f'{use.source} has no option "{key[:40]}"', hint)
    missing = [key for key in known if key not in given]
    if missing and not guarded:
        hint = f'add  {missing[0]}: ...   or say what stands in:  | default("...")'
        told = f"nothing is said of {', '.join(missing[:6])}: the field is then left out"
        yield Problem(use.mark, "", told, hint, "warning")


def options_of(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """All answers that can be given there; empty where one of them is open."""
    found: list[str] = []
    for step in steps:
        if step.kind == "yesno":
            found += ("yes", "no")
        elif step.kind == "choice":
            found += (option.key for option in step.options)
        else:
            return ()
    return tuple(dict.fromkeys(found))


def page_fact(use: Use, path: str) -> Iterator[Problem]:
    """A fact of the page is one of three, or what an invitation gave any name to."""
    key = use.source.partition(".")[2]
    near = "" if key in PAGE else nearest(key, PAGE)
    if near:
        told = f"no page says {use.source}: it is there only where an invitation gives it"
        yield Problem(use.mark, path, told, f'did you mean "context.{near}"?', "warning")
