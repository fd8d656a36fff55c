"""Typed reading of a YAML file that a person wrote: flows and settings.

A `Table` is one mapping of the file. Its getters convert the text that was written, and where a value is wrong or
missing they report a `Problem` (place, path, hint), return the default and go on, so that one reading finds every
problem. What nobody asked for is reported by `finish`, with the nearest known word.
"""

import re

from bot.errors import Mark, Problem
from bot.flows.spec import Option, Text
from bot.flows.tree import Items, Node, Pairs, Scalar, decode, read_tree
from bot.flows.values import Reading, Values, nearest, show

__all__ = ["Scalar", "Table", "nearest", "read_yaml"]

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}")


def read_yaml(source: str | bytes, file: str, problems: list[Problem]) -> "Table | None":
    """The mapping that the file is, or None, with a problem, where it is none. Never raises for what is in it."""
    text = decode(source, file, problems) if isinstance(source, bytes) else source
    node = None if text is None else read_tree(text, file, problems)
    if node is None:
        return None
    if not isinstance(node, Pairs):
        problems.append(Problem(node.mark, "", "the file is not a table of `key: value` lines"))
        return None
    return Table(Reading(file, problems), node, Mark(file, 1, 1), "")


class Table(Values):
    """One mapping of the file, with everything that can be in it."""

    __slots__ = ()

    def table(self, key: str, required: bool = False, example: str = "") -> "Table | None":
        node = self._node(key, required, example or "{...}")
        if node is None:
            return None
        if not isinstance(node, Pairs):
            self.problem("a table is expected here", f"for example  {key}: {example or '{name: value}'}", key)
            return None
        return Table(self._reading, node, self.key_mark(key), self.path_of(key))

    def tables(self, key: str, example: str = "[{name: value}]") -> "tuple[Table, ...]":
        """A list of tables."""
        node = self._node(key, False, "[{...}]")
        if node is None:
            return ()
        nodes = node.nodes if isinstance(node, Items) else (node,)
        found = []
        for number, item in enumerate(nodes, 1):
            if isinstance(item, Pairs):
                mark = item.nodes[0][0].mark if item.nodes else item.mark
                found.append(Table(self._reading, item, mark, f"{self.path_of(key)} / {number}"))
            else:
                self.problem("a list of tables is expected here", f"for example  {key}: {example}", key, mark=item.mark)
        return tuple(found)

    def plain(self, key: str) -> tuple[Scalar, ...]:
        """The values of a list that holds nothing else; empty for any other."""
        self._asked.add(key)
        node = self._nodes[key][1]
        found = tuple(one for one in node.nodes if isinstance(one, Scalar)) if isinstance(node, Items) else ()
        return found if isinstance(node, Items) and len(found) == len(node.nodes) else ()

    def text(self, key: str, required: bool = False) -> Text | None:
        """Words for a person: one string for all languages of the file, or a table by language with all of them."""
        languages = self._reading.languages
        example = "{" + ", ".join(f'{language}: "..."' for language in languages or ("en",)) + "}"
        node = self._node(key, required, example)
        if node is None:
            return None
        path = self.path_of(key)
        if isinstance(node, Scalar):
            everywhere = dict.fromkeys(languages or ("",), node.value)
            return Text(everywhere, node.mark, path, dict.fromkeys(everywhere, node.mark))
        if isinstance(node, Items):
            self.problem("a text is expected here, not a list", f"for example  {key}: {example}", key)
            return None
        inner = Table(self._reading, node, self.key_mark(key), path)
        return inner.translations(self.key_mark(key))

    def options(self, key: str) -> tuple[Option, ...]:
        """A table of keys, each with its label: `no: {en: "No, thanks"}`, or with more: `a: {label: ..., url: ...}`."""
        if self.shape(key) == "list":
            self._asked.add(key)
            entry = '{google: {label: Google, url: "https://..."}}' if key == "links" else '{yes: "Yes", no: "No"}'
            self.problem("each entry needs a key of its own, which is stored", f"{key}: {entry}", key)
            return ()
        inner = self.table(key)
        found = [] if inner is None else [inner.option(name) for name in inner.keys()]  # noqa: SIM118 - a Table is no dict
        return tuple(option for option in found if option is not None)

    def translations(self, mark: Mark) -> Text | None:
        """This table itself as a text by language; `mark` is its key's."""
        languages = self._reading.languages
        found: dict[str, Scalar] = {}
        for key in self.keys():
            scalar = self.scalar(key, example='"..."')
            if languages and key not in languages:
                base = key.replace("_", "-").partition("-")[0].lower()
                near = base if base in languages else nearest(key, languages)
                added = f"remove it, or add it:  languages: [{', '.join((*languages, key))}]"
                hint = f'did you mean "{near}"?' if near else added
                message = f'"{show(self._nodes[key][0])}" is not one of the languages of this file'
                self.problem(message, hint, mark=self.key_mark(key))
            elif scalar is not None:
                found[key] = scalar
        missing = [language for language in languages if language not in self._nodes]
        if missing:
            hint = "add it:  " + ", ".join(f'{language}: "..."' for language in missing)
            self.problem(f"the text in {' and '.join(missing)} is missing", hint, mark=mark)
        if not found:
            return None
        filler = next(iter(found.values()))
        whole = {language: found.get(language, filler) for language in languages or found}
        return Text({k: s.value for k, s in whole.items()}, mark, self.path, {k: s.mark for k, s in whole.items()})

    def option(self, key: str) -> Option | None:
        """One entry of `options`."""
        if not _KEY.fullmatch(key):
            message = f'"{show(self._nodes[key][0])}" cannot be a key: letters, digits, _ and - (40 at most)'
            self.problem(message, mark=self.key_mark(key))
        long = self.shape(key) == "table" and {"label", "url"} & {k.value for k, _ in self._pairs(key)}
        inner = self.table(key) if long else None
        if inner is None:
            label = self.text(key)
            return None if label is None else Option(key, label, self.key_mark(key))
        label, url = inner.text("label", required=True), inner.text("url")
        inner.finish()
        return None if label is None else Option(key, label, self.key_mark(key), url)

    def finish(self, *also_known: str) -> None:
        """Report every key that nobody asked for."""
        known = self._asked | set(also_known)
        for key in self._nodes:
            if key not in known:
                near = nearest(key, sorted(known)) if len(self._reading.problems) < 200 else ""
                hint = f'did you mean "{near}"?' if near else "known here: " + ", ".join(sorted(known))
                self.problem(f'"{show(self._nodes[key][0])}" is not known here', hint, mark=self.key_mark(key))

    def _pairs(self, key: str) -> tuple[tuple[Scalar, Node], ...]:
        node = self._nodes[key][1]
        return node.nodes if isinstance(node, Pairs) else ()
