"""What the Telegram channel itself says, in the languages of the service's own phrases. English stands in for others.

French has its narrow space before a colon and question mark (design, section 10).
"""

from collections.abc import Mapping

COMMANDS = ("start", "back", "skip", "restart", "human", "language", "help", "stop")
"""Registered with the platform, in the order in which its menu shows them."""

LANGUAGES = ("en", "fr", "es", "de")

_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "ends": (
        "{first} is {low}, {last} is {high}. You can also just type it.",
        "{first}\u202f: {low}, {last}\u202f: {high}. Vous pouvez aussi l'écrire.",
        "{first} es {low}, {last} es {high}. También puede escribirlo.",
        "{first} heißt {low}, {last} heißt {high}. Sie können auch einfach schreiben.",
    ),
    "said": (
        "You said {chosen}.",
        "Votre réponse\u202f: {chosen}.",
        "Su respuesta: {chosen}.",
        "Ihre Antwort: {chosen}.",
    ),
    "change": ("Change", "Modifier", "Cambiar", "Ändern"),
    "skip": ("Skip", "Passer", "Saltar", "Überspringen"),
    "back": ("Back", "Retour", "Atrás", "Zurück"),
    "share": ("Share my number", "Partager mon numéro", "Compartir mi número", "Meine Nummer senden"),
    "all": ("Show all", "Tout afficher", "Mostrar todo", "Alle zeigen"),
    "more": ("Other choices", "D'autres choix", "Otras opciones", "Andere"),
    "ok": ("All right.", "Très bien.", "De acuerdo.", "In Ordnung."),
    "taken_back": ("(taken back)", "(retiré)", "(retirado)", "(zurückgenommen)"),
    "stale": (
        "This question has been answered.",
        "Vous avez déjà répondu à cette question.",
        "Ya ha respondido a esta pregunta.",
        "Diese Frage ist schon beantwortet.",
    ),
    "ended": (
        "This chat has ended. /start begins a new one.",
        "Cette conversation est terminée. /start en commence une autre.",
        "Este chat ha terminado. /start empieza otro.",
        "Dieser Chat ist beendet. /start beginnt einen neuen.",
    ),
    "none": (
        "Write /start to begin.",
        "Écrivez /start pour commencer.",
        "Escriba /start para empezar.",
        "Schreiben Sie /start, um zu beginnen.",
    ),
    "busy": (
        "Please try again in a moment.",
        "Merci de réessayer dans un instant.",
        "Inténtelo de nuevo en un momento.",
        "Bitte versuchen Sie es gleich noch einmal.",
    ),
    "group": (
        "I can only talk in private. Write to me here: {link}",
        "Je ne parle qu'en privé. Écrivez-moi ici\u202f: {link}",
        "Solo hablo en privado. Escríbame aquí: {link}",
        "Ich spreche nur unter vier Augen. Schreiben Sie mir hier: {link}",
    ),
    "no_files": (
        "Pictures and recordings cannot be passed on here. Please write it in words.",
        "Les images et enregistrements ne peuvent pas être transmis ici. Merci de l'écrire.",
        "Aquí no se pueden enviar imágenes ni grabaciones. Escríbalo con palabras.",
        "Bilder und Aufnahmen können hier nicht weitergegeben werden. Bitte schreiben Sie es.",
    ),
    "/start": (
        "Begin, or see the question again",
        "Commencer, ou revoir la question",
        "Empezar, o ver la pregunta",
        "Beginnen, oder die Frage zeigen",
    ),
    "/back": (
        "Change the last answer",
        "Modifier la dernière réponse",
        "Cambiar la última respuesta",
        "Letzte Antwort ändern",
    ),
    "/skip": ("Skip this question", "Passer cette question", "Saltar esta pregunta", "Diese Frage überspringen"),
    "/restart": ("Start again", "Recommencer", "Empezar de nuevo", "Neu beginnen"),
    "/human": ("Talk to a person", "Parler à une personne", "Hablar con una persona", "Mit einem Menschen sprechen"),
    "/language": ("Change the language", "Changer de langue", "Cambiar de idioma", "Sprache ändern"),
    "/help": ("What you can write", "Ce que vous pouvez écrire", "Qué puede escribir", "Was Sie schreiben können"),
    "/stop": (
        "Stop, and get no more questions",
        "Arrêter, et ne plus être sollicité",
        "Parar y no recibir más preguntas",
        "Aufhören und nicht mehr gefragt werden",
    ),
}


def words(key: str, locale: str, **values: str) -> str:
    """The words of `key` in this language, or else in English."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    said = _WORDS[key][LANGUAGES.index(language) if language in LANGUAGES else 0]
    return said.format(**values) if values else said
