"""Commands are understood in every language, and answers are never taken for commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.answers.commands import LONGEST, Command, read_command

COMMANDS = {
    "back": [
        "back",
        "/back",
        "Go back!",
        "retour",
        "zurück",
        "zurueck",
        "Zuruck",
        "atrás",
        "volver",
        "indietro",
        "terug",
    ],
    "skip": ["skip", "SKIP", "passer", "saltar", "überspringen", "ueberspringen", "weiter", "pular", "overslaan"],
    "stop": ["stop", "/stop", "STOP.", "  stop  ", "arrêter", "arrête", "parar", "stopp", "unsubscribe", "abmelden"],
    "restart": ["restart", "start over", "recommencer", "empezar de nuevo", "von vorne", "Neu starten", "ricomincia"],
    "help": ["help", "?", "aide", "à l'aide !", "ayuda", "Hilfe", "aiuto", "ajuda", "/menu"],
    "human": [
        *("human", "speak to a human", "Can I speak to someone?", "parler à quelqu'un", "Parler à un conseiller"),
        *("hablar con una persona", "mit einem Menschen sprechen", "parler à quelqu’un", "/agent", "/operator"),
    ],
    "language": ["change language", "changer de langue", "cambiar de idioma", "Sprache ändern", "/language", "/lang"],
}
LANGUAGES = {
    "en": ["in English", "English please", "en anglais", "auf Englisch", "/english", "/en", "/lang en", "en inglés"],
    "fr": ["en français", "in French, please", "parlez-vous français ?", "auf Französisch", "/fr", "language: fr"],
    "es": ["en español", "in Spanish", "español por favor", "auf Spanisch", "/español"],
    "de": ["auf Deutsch", "auf deutsch bitte", "in German", "en allemand", "Sprechen Sie Deutsch?", "/deutsch"],
    "it": ["in italiano", "en italien"],
    "pt": ["em português", "in Portuguese"],
    "nl": ["in het Nederlands", "in Dutch"],
}
ANSWERS = [
    *("", " ", "no", "yes", "non", "nein", "9", "stop calling me at night", "no human ever answered", "a human touch"),
    *("human resources", "back pain", "the back office", "go back to the old design", "don't stop", "non-stop"),
    *("help was slow", "more help", "helpful", "skip bins", "pass on the savings", "English", "français", "Deutsch"),
    *("in English text there were typos", "in time", "Mitarbeiter", "conseiller", "cancel", "annuler", "menu"),
    *("language", "restart the app", "the agent was rude", "start", "/unknown", "/", "//", "fr", "en", "para", "fin"),
    *("question", "agents", "stopped", "retours", "arrêt de bus", "weiter so", "nichts", "nothing to improve"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "text"), [(action, text) for action, texts in COMMANDS.items() for text in texts])
@pytest.mark.parametrize("locale", ["en", "fr", "ja"])
def test_a_command_is_understood_whatever_the_language(action: str, text: str, locale: str) -> None:
    assert read_command(text, locale) == Command(action)


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in LANGUAGES.items() for text in texts])
def test_another_language_is_asked_for(language: str, text: str) -> None:
    assert read_command(text, "en") == Command("language", language)


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_is_no_command(text: str) -> None:
    assert read_command(text, "en") is None


def test_a_long_message_is_no_command() -> None:
    assert read_command(f"stop{' ' * LONGEST}", "en") is None


@given(st.text(max_size=300), st.text(max_size=6))
def test_any_text_is_read_without_an_error(text: str, locale: str) -> None:
    command = read_command(text, locale)
    assert command is None or len(text) <= LONGEST
