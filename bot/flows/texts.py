"""The texts of a flow, compiled into every language of its file."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.flows.render import Values, Words, compile_words
from bot.flows.spec import Text


@dataclass(frozen=True, slots=True)
class Texts:
    """Compiles texts into every language of the file."""

    languages: tuple[str, ...]
    constants: Values

    def one(self, text: Text) -> Mapping[str, Words]:
        sources = text.by_language
        spare = next(iter(sources.values()), "")
        return {la: compile_words(sources.get(la, spare), self.constants) for la in self.languages}

    def many(self, texts: Mapping[str, Text]) -> Mapping[str, Mapping[str, Words]]:
        compiled = {key: self.one(text) for key, text in texts.items()}
        return {la: {key: words[la] for key, words in compiled.items()} for la in self.languages}


def fixed(words: Mapping[str, Mapping[str, Words]]) -> Mapping[str, Mapping[str, str]]:
    """What needs no values, rendered; a language is in it whole or not at all."""
    found: dict[str, Mapping[str, str]] = {}
    for language, by_key in words.items():
        ready = {key: one.fixed for key, one in by_key.items() if one.fixed is not None}
        if len(ready) == len(by_key):
            found[language] = ready
    return found
