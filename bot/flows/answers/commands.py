"""Reads the commands that a person can type at any time: in every language, whatever the chat's.

Only a whole message is a command, so that an answer that contains one (`no human ever answered`) stays an answer, and
only phrases that are hardly an answer to anything are commands: `no`, `cancel`, `English` or `Mitarbeiter` are not.
After a slash nothing but a command is meant, so more words are understood there. Never raises.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from bot.flows.answers.clean import bare

LONGEST = 60
"""Characters. No command is longer, and a long text is not even cleaned."""


@dataclass(frozen=True, slots=True)
class Command:
    """`action`: back, skip, stop, restart, help, human or language; `language` is the wanted one (ISO 639), empty where
    it was not said."""

    action: str
    language: str = ""


_Table: TypeAlias = dict[str, Command]

_PHRASES = {
    "back": (
        "back|go back|previous|previous question|undo|take me back|step back|one back|"
        "retour|revenir|revenir en arriere|en arriere|question precedente|precedent|precedente|"
        "atras|volver|volver atras|anterior|pregunta anterior|"
        "zuruck|zurueck|geh zuruck|einen schritt zuruck|vorherige frage|"
        "indietro|torna indietro|domanda precedente|voltar|voltar atras|pergunta anterior|terug|ga terug|vorige vraag"
    ),
    "skip": (
        "skip|skip it|skip this|skip this one|skip this question|skip question|pass|next|next question|"
        "passer|je passe|passe|passer la question|passer cette question|question suivante|suivant|suivante|"
        "saltar|omitir|saltar pregunta|saltar esta pregunta|paso|siguiente|siguiente pregunta|"
        "uberspringen|ueberspringen|frage uberspringen|weiter|nachste frage|naechste frage|"
        "salta|saltare|salta la domanda|avanti|prossima domanda|pular|pular pergunta|passar|proxima pergunta|"
        "overslaan|sla over|volgende|volgende vraag"
    ),
    "stop": (
        "stop|stop it|stop this|stop now|please stop|stop please|stop chat|stop the chat|end chat|end the chat|quit|"
        "exit|unsubscribe|stop asking|stop messaging me|leave me alone|opt out|"
        "arreter|arrete|arretez|arret|terminer|quitter|me desabonner|se desabonner|desabonnement|"
        "laissez moi tranquille|"
        "parar|detener|terminar|salir|basta|darme de baja|dejame en paz|dejadme en paz|"
        "stopp|anhalten|beenden|chat beenden|aufhoren|aufhoeren|abmelden|lass mich in ruhe|"
        "lassen sie mich in ruhe|"
        "ferma|fermati|esci|sair|stoppen|stoppe|ophouden|afmelden"
    ),
    "restart": (
        "restart|start over|start again|begin again|reset|from the beginning|"
        "recommencer|recommence|recommencez|reprendre au debut|depuis le debut|repartir de zero|redemarrer|"
        "reiniciar|empezar de nuevo|volver a empezar|desde el principio|comenzar de nuevo|"
        "neu starten|neustart|von vorne|von vorn|nochmal von vorne|neu anfangen|neu beginnen|von neuem|"
        "ricomincia|ricominciare|da capo|recomecar|comecar de novo|opnieuw|opnieuw beginnen|herstarten"
    ),
    "help": (
        "help|help me|help please|commands|what can i say|what can i do|"
        "aide|aidez moi|aide moi|a l'aide|besoin d'aide|que puis je dire|"
        "ayuda|ayudame|necesito ayuda|que puedo decir|"
        "hilfe|hilf mir|bitte um hilfe|was kann ich sagen|"
        "aiuto|aiutami|ajuda|ajude me|socorro|hulp|help mij"
    ),
    "human": (
        "human|a human|human please|a human please|real person|a real person|agent|live agent|"
        "speak to a human|talk to a human|speak to a person|talk to a person|speak to someone|talk to someone|"
        "speak with someone|talk with someone|speak to an agent|talk to an agent|i want to speak to a human|"
        "i want to talk to a human|i want a human|can i speak to someone|can i talk to a human|can i speak to a human|"
        "i want to talk to someone|i want to speak to someone|human agent|"
        "un humain|humain|parler a un humain|parler a quelqu'un|parler avec quelqu'un|parler a une personne|"
        "parler a un conseiller|parler a un agent|une vraie personne|"
        "je veux parler a quelqu'un|je voudrais parler a quelqu'un|je veux parler a un humain|"
        "je voudrais parler a un humain|je veux un humain|je veux parler a un conseiller|"
        "un humano|humano|hablar con alguien|hablar con una persona|hablar con un humano|"
        "hablar con un agente|quiero hablar con alguien|quiero hablar con una persona|"
        "ein mensch|mensch|mit einem menschen sprechen|mit jemandem sprechen|"
        "mit jemandem reden|mit einem mitarbeiter sprechen|ich mochte mit jemandem sprechen|"
        "ich mochte mit einem menschen sprechen|ich will mit einem menschen sprechen|echter mensch|ein echter mensch|"
        "un umano|umano|parlare con qualcuno|parlare con una persona|parlare con un operatore|"
        "atendente|falar com alguem|falar com uma pessoa|falar com um atendente|"
        "een mens|mens|met iemand praten|met iemand spreken|met een mens praten"
    ),
    "language": (
        "change language|change the language|other language|another language|switch language|"
        "changer de langue|changer la langue|autre langue|"
        "cambiar idioma|cambiar de idioma|otro idioma|"
        "sprache andern|sprache aendern|sprache wechseln|andere sprache|"
        "cambia lingua|cambiare lingua|mudar idioma|mudar de idioma|andere taal|taal wijzigen"
    ),
}

_NAMES = {
    "en": "english anglais ingles englisch inglese engels",
    "fr": "french francais frances franzosisch franzoesisch francese frans",
    "es": "spanish espagnol espanol castellano spanisch spagnolo espanhol spaans",
    "de": "german allemand aleman deutsch tedesco alemao duits",
    "it": "italian italien italiano italienisch italiaans",
    "pt": "portuguese portugais portugues portugiesisch portoghese portugees",
    "nl": "dutch neerlandais neerlandes niederlandisch niederlaendisch hollandisch olandese holandes nederlands",
}
_ASKING = (
    "in {}|in {} please|{} please|please in {}|speak {}|speak {} please|do you speak {}|can we speak {}|"
    "switch to {}|change to {}|continue in {}|change language to {}|language {}|lang {}|"
    "en {}|en {} s'il vous plait|en {} svp|parlez {}|parlez vous {}|passer en {}|continuer en {}|{} svp|langue {}|"
    "en {} por favor|{} por favor|habla {}|hablas {}|cambiar a {}|idioma {}|"
    "auf {}|auf {} bitte|{} bitte|bitte auf {}|sprechen sie {}|sprichst du {}|wechsel zu {}|sprache {}|"
    "in {} per favore|parla {}|lingua {}|em {}|em {} por favor|fala {}|in het {}|taal {}|{} graag"
)
_CODED = ("language {}", "lang {}", "langue {}", "idioma {}", "sprache {}", "lingua {}", "taal {}")


_SLASHED = {
    "stop": "cancel annuler cancelar abbrechen annulla",
    "help": "menu commands",
    "human": "operator conseiller agente mitarbeiter operatore medewerker",
    "language": "language languages lang langue idioma sprache lingua taal",
}


def read_command(text: str, locale: str) -> Command | None:
    """The command that the whole message is, with or without a slash; None for anything else.

    No command means one thing in one language and another in the next, so `locale` decides nothing yet."""
    if len(text) > LONGEST:
        return None
    stripped = text.strip()
    if stripped in ("?", "/?"):
        return Command("help")
    said = bare(text)
    slashed = stripped.startswith(("/", "／"))
    return _commands().get(said) or (_slashed().get(said) if slashed else None)


@cache
def _commands() -> _Table:
    table = {phrase: Command(action) for action, phrases in _PHRASES.items() for phrase in phrases.split("|")}
    for code, names in _NAMES.items():
        for form in _ASKING.split("|"):
            table.update({form.format(name): Command("language", code) for name in names.split()})
        table.update({form.format(code): Command("language", code) for form in _CODED})
    return table


@cache
def _slashed() -> _Table:
    """`/english`, `/fr`: after a slash a name alone is a command."""
    table = {word: Command(action) for action, line in _SLASHED.items() for word in line.split()}
    for code, names in _NAMES.items():
        table.update({name: Command("language", code) for name in (code, *names.split())})
    return table
