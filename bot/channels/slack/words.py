"""The few words of the Slack channel that no flow has: labels of its controls. English stands in for other languages.

A label of a button has 75 characters at most, a modal's title and buttons 24 (Block Kit).
"""

from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "back": {"en": "Back", "fr": "Retour", "es": "Atrás", "de": "Zurück"},
    "skip": {"en": "Skip", "fr": "Passer", "es": "Saltar", "de": "Überspringen"},
    "change": {"en": "Change", "fr": "Modifier", "es": "Cambiar", "de": "Ändern"},
    "write": {"en": "Write more …", "fr": "Écrire plus …", "es": "Escribir más …", "de": "Mehr schreiben …"},
    "title": {"en": "Your answer", "fr": "Votre réponse", "es": "Su respuesta", "de": "Ihre Antwort"},
    "send": {"en": "Send", "fr": "Envoyer", "es": "Enviar", "de": "Senden"},
    "cancel": {"en": "Cancel", "fr": "Annuler", "es": "Cancelar", "de": "Abbrechen"},
    "choose": {"en": "Choose …", "fr": "Choisir …", "es": "Elegir …", "de": "Auswählen …"},
    "open": {"en": "Open", "fr": "Ouvrir", "es": "Abrir", "de": "Öffnen"},
    "said": {
        "en": "You said “{chosen}”.",
        "fr": "Vous avez répondu « {chosen} ».",
        "es": "Ha respondido «{chosen}».",
        "de": "Ihre Antwort: „{chosen}“.",
    },
    "typed": {
        "en": "You can also just type it.",
        "fr": "Vous pouvez aussi simplement l'écrire.",
        "es": "También puede simplemente escribirlo.",
        "de": "Sie können es auch einfach schreiben.",
    },
    "answered": {
        "en": "This question has been answered meanwhile.",
        "fr": "Cette question a reçu une réponse entre-temps.",
        "es": "Esta pregunta ya ha recibido una respuesta.",
        "de": "Diese Frage wurde inzwischen beantwortet.",
    },
    "look": {
        "en": "I have written to you in our direct messages.",
        "fr": "Je vous ai écrit en message direct.",
        "es": "Le he escrito por mensaje directo.",
        "de": "Ich habe Ihnen eine Direktnachricht geschrieben.",
    },
    "begin": {
        "en": "Hello! Write {command} to answer a few questions.",
        "fr": "Bonjour ! Écrivez {command} pour répondre à quelques questions.",
        "es": "¡Hola! Escriba {command} para responder a unas preguntas.",
        "de": "Hallo! Mit {command} beginnen ein paar Fragen.",
    },
    "no_flow": {
        "en": "There is no survey of that name. Just /survey starts the usual one.",
        "fr": "Aucun questionnaire de ce nom. /survey seul lance celui par défaut.",
        "es": "No hay ninguna encuesta con ese nombre. /survey inicia la habitual.",
        "de": "Es gibt keine Umfrage dieses Namens. /survey allein beginnt die übliche.",
    },
}


def word(key: str, locale: str, **values: object) -> str:
    """In the language of `locale`, a BCP 47 tag."""
    by_language = _WORDS[key]
    return by_language.get(locale.replace("_", "-").partition("-")[0].lower(), by_language["en"]).format(**values)
