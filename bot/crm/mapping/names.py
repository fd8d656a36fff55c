"""The filters that put names in the place of keys: of segments, of answers. Pure."""

from collections.abc import Mapping

from bot.crm.mapping.shape import Shape, Step, as_text, fault, longest_of, no_args, pairs, type_of
from bot.crm.mapping.sources import SEGMENTS, Out, OutType, Scene
from bot.crm.mapping.syntax import Call, Fault
from bot.flows.nodes import nearest

LABELS: Mapping[str, tuple[str, str, str]] = {
    "en": ("Detractor", "Passive", "Promoter"),
    "fr": ("Détracteur", "Neutre", "Promoteur"),
    "de": ("Detraktor", "Neutral", "Promotor"),
    "es": ("Detractor", "Pasivo", "Promotor"),
    "it": ("Detrattore", "Passivo", "Promotore"),
    "nl": ("Criticaster", "Passief", "Promotor"),
    "pt": ("Detrator", "Neutro", "Promotor"),
}
"""Names of the segments, in the order of SEGMENTS."""


def labels(call: Call, shape: Shape) -> Step:
    if shape.options != SEGMENTS:
        raise fault(
            call, "labels names the segments, and this is none", "segment | labels(fr)   or   | map(a: A, b: B)"
        )
    names: dict[Out, str] = {}
    if len(call.args) == 1 and not call.args[0].key:
        language = str(call.args[0].value)
        base = language.replace("_", "-").partition("-")[0].lower()
        if base not in LABELS:
            hint = f"known: {', '.join(LABELS)}; others as  labels(detractor: ..., passive: ..., promoter: ...)"
            raise Fault(call.args[0].at, f'there are no labels in "{language}"', hint, len(language))
        names.update(zip(SEGMENTS, LABELS[base], strict=True))
    else:
        given = pairs(call, "labels(fr)   or   labels(detractor=Critic, passive=Neutral, promoter=Fan)")
        names.update((key, as_text(value)) for key, value in given.items())
        for arg in call.args:
            if arg.key not in SEGMENTS:
                near = nearest(arg.key, SEGMENTS)
                hint = f'did you mean "{near}"?' if near else f"segments: {', '.join(SEGMENTS)}"
                raise Fault(arg.at, f'there is no segment "{arg.key}"', hint, len(arg.key))
        missing = [name for name in SEGMENTS if name not in names]
        if missing:
            added = ", ".join(f"{name}: ..." for name in missing)
            raise fault(
                call, f"{' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no label", f"add  {added}"
            )
    made = tuple(names[one] for one in SEGMENTS)
    return Step(lambda value, scene: names.get(value), Shape("text", longest_of(made), made))


def segment_label(call: Call, shape: Shape) -> Step:
    """`segment | label`: in the language of the chat. Of an answer, `label` is read with the source."""
    no_args(call)
    if shape.options != SEGMENTS:
        raise fault(call, "only an answer or the segment has a label", "answers.reason | label   or   segment | label")

    def run(value: Out, scene: Scene) -> Out | None:
        names = LABELS.get(scene.response.locale.replace("_", "-").partition("-")[0].lower(), LABELS["en"])
        return names[SEGMENTS.index(value)] if value in SEGMENTS else None

    made = tuple(dict.fromkeys(name for names in LABELS.values() for name in names))
    return Step(run, Shape("text", longest_of(made), made))


def mapped(call: Call, shape: Shape) -> Step:
    table = pairs(call, "map(price: Price, quality: Quality)")
    if shape.options:
        known = [as_text(one) for one in shape.options]
        for arg in call.args:
            if arg.key not in known:
                near = nearest(arg.key, known)
                hint = f'did you mean "{near}"?' if near else f"there are: {', '.join(known)}"
                raise Fault(arg.at, f'it is never "{arg.key[:40]}"', hint, len(arg.key))
    kinds: set[OutType] = {type_of(value) for value in table.values()}
    kind: OutType = kinds.pop() if len(kinds) == 1 else "any"

    def run(value: Out, scene: Scene) -> Out | None:
        if isinstance(value, tuple):
            found = (table.get(part) for part in value)
            return tuple(as_text(one) for one in found if one is not None)
        return table.get(as_text(value))

    made = tuple(dict.fromkeys(table.values()))
    if shape.type == "texts":
        return Step(run, Shape("texts", None, tuple(as_text(one) for one in made)))
    several = kind == "text" and shape.type == "any"  # an answer may be several choices
    return Step(run, Shape("any" if several else kind, longest_of(made), made))
