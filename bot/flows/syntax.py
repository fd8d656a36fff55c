"""What YAML's parser stumbles over, told in the terms of the person who wrote the file."""

import re

import yaml

from bot.errors import Mark, Problem

_QUOTED = re.compile(r"""\"[^\"]*\"|'[^']*'""")
_SLIPS = (
    (re.compile(r"^ *(\u00a0)"), False, "indent with plain spaces: here is a no-break space"),
    (
        re.compile(r"\"[^\"]*\{\{[^\"{}]*(\")[^{}]*\}\}"),
        False,
        "inside a text in \" quotes use ' ones:  default('...')",
    ),
    (re.compile(r"[:,{\[] *'[^']*\w(')\w"), False, "an apostrophe ends a text in ' quotes: put it in \" quotes"),
    (re.compile(r"[{\[].*\s(#).*[}\]]"), True, "a # after a blank begins a remark: put the text in quotes"),
    (re.compile(r"^ *(?:- )?(\w+:)\w[^:{}\[\]]*$"), True, "a blank is missing after the colon"),
)
"""Slips of the pen that YAML finds only later, or calls by another name: what they look like, whether that is looked
for outside quotes only, and how to mend them. The group is what is underlined."""
_BACK = 3
"""Lines before the one where YAML stumbles that may be the cause."""

_SYNTAX_HINTS = (
    ("mapping values are not allowed", 'a text with ": " in it must be in quotes'),
    ("cannot start any token", "indent with spaces, not tabs; a text that begins with @ ` or % must be in quotes"),
    ("tab", "indent with spaces, not tabs"),
    ("unexpected end of stream", "a quote or a bracket is opened here and not closed"),
    ("end of stream", "a quote or a bracket is opened here and not closed"),
    ("alias", "a text that begins with * & or ! must be in quotes"),
    ("anchor", "a text that begins with * & or ! must be in quotes"),
    ("a tag", "a text that begins with * & or ! must be in quotes"),
    ("expected ',' or", "a bracket is not closed, or a text with , [ ] { } in it needs quotes"),
    ("expected key", "check the indentation and the quotes of this line and the one above"),
    ("simple key", "check the indentation and the quotes of this line and the one above"),
    ("block", "check the indentation and the quotes of this line and the one above"),
    ("control characters", "remove the invisible character"),
    ("special characters", "remove the invisible character"),
)


def told(error: yaml.YAMLError, source: str, file: str) -> Problem:
    """A parser's error in the file's own terms."""
    if isinstance(error, yaml.MarkedYAMLError):
        place = error.problem_mark or error.context_mark
        line, column = (place.line + 1, place.column + 1) if place else (1, 1)
        words = " ".join(filter(None, (error.context, error.problem)))
        said = error.problem or words
    else:
        at = min(int(getattr(error, "position", 0) or 0), len(source))
        line, column = source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
        said = words = str(getattr(error, "reason", "")) or "this cannot be read"
    lines = source.splitlines() or [""]
    if slip := _slip(lines, min(line, len(lines)), file):
        return slip
    shown = lines[min(line, len(lines)) - 1]
    if re.search(r":\s+\{\{", shown):
        hint = "a text that begins with {{ must be in quotes"
    elif shown.lstrip(" ").startswith("\t"):
        hint = "indent with spaces, not tabs"
    else:
        hint = next((hint for sign, hint in _SYNTAX_HINTS if sign in words), "")
    return Problem(Mark(file, line, max(column, 1)), "", f"not valid YAML: {short(said)}", hint)


def _slip(lines: list[str], line: int, file: str) -> Problem | None:
    """The nearest known slip in the line where YAML stumbles or shortly before it."""
    for number in range(line, max(line - _BACK, 0), -1):
        text = lines[number - 1]
        bare = _QUOTED.sub(lambda found: " " * len(found[0]), text)
        for pattern, outside, hint in _SLIPS:
            if found := pattern.search(bare if outside else text):
                mark = Mark(file, number, found.start(1) + 1, len(found[1]))
                return Problem(mark, "", "not valid YAML from here on", hint)
    return None


def short(text: str) -> str:
    """Text of the file inside a message: one line, not endless."""
    text = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return text if len(text) <= 60 else text[:57] + "..."
