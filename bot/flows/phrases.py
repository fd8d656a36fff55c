"""What the service itself says: everything that is no flow's own words. English stands in for a missing language.

A tuple holds ways of saying the same, used in turn as a question is asked again. `{name}` is filled in by `phrase`.
Tone: a good shop assistant; no "oops", no segment, no word about machinery (design, section 10).
"""

from collections.abc import Mapping
from typing import TypeAlias

from bot.flows.phrases_again import AGAIN

Words: TypeAlias = str | tuple[str, ...]

LANGUAGES = ("en", "fr", "es", "de")

IN_LANGUAGE = {
    "en": "in English",
    "fr": "en français",
    "es": "en español",
    "de": "auf Deutsch",
    "it": "in italiano",
    "pt": "em português",
    "nl": "in het Nederlands",
}
"""What to write to be understood as the wish for a language."""

_PHRASES: Mapping[str, Mapping[str, Words]] = {
    **AGAIN,
    "scale_low": {
        "en": "Not at all likely",
        "fr": "Pas du tout probable",
        "es": "Nada probable",
        "de": "Sehr unwahrscheinlich",
    },
    "scale_high": {
        "en": "Extremely likely",
        "fr": "Très probable",
        "es": "Muy probable",
        "de": "Sehr wahrscheinlich",
    },
    "yes": {"en": "Yes", "fr": "Oui", "es": "Sí", "de": "Ja"},
    "no": {"en": "No", "fr": "Non", "es": "No", "de": "Nein"},
    "zone": {
        "en": "Time zone: {zone}",
        "fr": "Fuseau horaire : {zone}",
        "es": "Zona horaria: {zone}",
        "de": "Zeitzone: {zone}",
    },
    "way_skip": {
        "en": "You can also skip this question.",
        "fr": "Vous pouvez aussi passer cette question.",
        "es": "También puede saltar esta pregunta.",
        "de": "Sie können diese Frage auch überspringen.",
    },
    "way_back": {
        "en": "If you would rather not, write “back” to choose something else, or “stop” to end here.",
        "fr": "Si vous préférez, écrivez « retour » pour choisir autre chose, ou « stop » pour en rester là.",
        "es": "Si lo prefiere, escriba «atrás» para elegir otra cosa, o «parar» para terminar aquí.",
        "de": "Wenn Sie lieber nicht möchten: „zurück“ führt zur letzten Frage, „stopp“ beendet.",
    },
    "way_stop": {
        "en": "If you would rather not, write “stop” to end here.",
        "fr": "Si vous préférez, écrivez « stop » pour en rester là.",
        "es": "Si lo prefiere, escriba «parar» para terminar aquí.",
        "de": "Wenn Sie lieber nicht möchten: „stopp“ beendet.",
    },
    "no_skip": {
        "en": "We do need an answer here to go on.",
        "fr": "Il nous faut une réponse ici pour continuer.",
        "es": "Aquí necesitamos una respuesta para seguir.",
        "de": "Hier brauchen wir eine Antwort, um weiterzumachen.",
    },
    "no_back": {
        "en": "This is the first question.",
        "fr": "C'est la première question.",
        "es": "Esta es la primera pregunta.",
        "de": "Das ist die erste Frage.",
    },
    "no_human": {
        "en": "Nobody can join this chat. Your answers are saved.",
        "fr": "Personne ne peut rejoindre cette conversation. Vos réponses sont enregistrées.",
        "es": "Nadie puede unirse a este chat. Sus respuestas quedan guardadas.",
        "de": "Niemand kann diesem Chat beitreten. Ihre Antworten sind gespeichert.",
    },
    "person_called": {
        "en": "We are getting somebody for you. You can write here meanwhile.",
        "fr": "Nous cherchons quelqu'un pour vous répondre. Vous pouvez déjà écrire ici.",
        "es": "Estamos buscando a alguien que le atienda. Mientras tanto puede escribir aquí.",
        "de": "Wir holen jemanden dazu. Sie können hier schon schreiben.",
    },
    "joined": {
        "en": "{name} from support joined.",
        "fr": "{name}, du service client, est là.",
        "es": "{name}, de atención al cliente, está aquí.",
        "de": "{name} vom Kundenservice ist da.",
    },
    "left": {
        "en": "{name} from support left.",
        "fr": "{name}, du service client, a quitté la conversation.",
        "es": "{name}, de atención al cliente, ha salido.",
        "de": "{name} vom Kundenservice hat den Chat verlassen.",
    },
    "somebody": {"en": "Somebody", "fr": "Quelqu'un", "es": "Alguien", "de": "Jemand"},
    "nobody_free": {
        "en": "Nobody is free right now. What you write here is saved.",
        "fr": "Personne n'est libre à l'instant. Ce que vous écrivez ici est enregistré.",
        "es": "Ahora mismo no hay nadie libre. Lo que escriba aquí queda guardado.",
        "de": "Gerade ist niemand frei. Was Sie hier schreiben, ist gespeichert.",
    },
    "commented": {
        "en": "Thank you, we have added that.",
        "fr": "Merci, nous l'avons ajouté.",
        "es": "Gracias, lo hemos añadido.",
        "de": "Danke, das haben wir ergänzt.",
    },
    "no_language": {
        "en": "We do not speak that language here yet.",
        "fr": "Nous ne parlons pas encore cette langue ici.",
        "es": "Aquí aún no hablamos ese idioma.",
        "de": "Diese Sprache sprechen wir hier noch nicht.",
    },
    "which_language": {
        "en": "Just write: {words}.",
        "fr": "Écrivez simplement\u202f: {words}.",
        "es": "Escriba simplemente: {words}.",
        "de": "Schreiben Sie einfach: {words}.",
    },
    "help": {
        "en": "Tap an answer or write it in your own words. You can also write: {words}.",
        "fr": "Touchez une réponse ou écrivez-la avec vos mots. Vous pouvez aussi écrire : {words}.",
        "es": "Toque una respuesta o escríbala con sus palabras. También puede escribir: {words}.",
        "de": "Tippen Sie eine Antwort an oder schreiben Sie sie. Sie können auch schreiben: {words}.",
    },
    "word_back": {"en": "back", "fr": "retour", "es": "atrás", "de": "zurück"},
    "word_skip": {"en": "skip", "fr": "passer", "es": "saltar", "de": "überspringen"},
    "word_restart": {"en": "restart", "fr": "recommencer", "es": "reiniciar", "de": "neu starten"},
    "word_human": {"en": "human", "fr": "humain", "es": "humano", "de": "Mensch"},
    "word_stop": {"en": "stop", "fr": "stop", "es": "parar", "de": "stopp"},
    "act_back": {"en": "Change", "fr": "Modifier", "es": "Cambiar", "de": "Ändern"},
    "act_skip": {"en": "Skip", "fr": "Passer", "es": "Saltar", "de": "Überspringen"},
    "act_stop": {"en": "Stop", "fr": "Stop", "es": "Parar", "de": "Stopp"},
    "act_restart": {"en": "Start again", "fr": "Recommencer", "es": "Empezar de nuevo", "de": "Neu beginnen"},
    "act_human": {
        "en": "Talk to a person",
        "fr": "Parler à une personne",
        "es": "Hablar con una persona",
        "de": "Mit einem Menschen sprechen",
    },
    "unread": {
        "en": "Sorry, only words can be read here. Tap an answer or write it.",
        "fr": "Désolés, seuls les mots peuvent être lus ici. Touchez une réponse ou écrivez-la.",
        "es": "Lo sentimos, aquí solo se pueden leer palabras. Toque una respuesta o escríbala.",
        "de": "Leider können hier nur Worte gelesen werden. Tippen Sie eine Antwort an oder schreiben Sie sie.",
    },
    "act_unread": {
        "en": "(a picture or recording)",
        "fr": "(une image ou un enregistrement)",
        "es": "(una imagen o grabación)",
        "de": "(ein Bild oder eine Aufnahme)",
    },
    "act_help": {"en": "Help", "fr": "Aide", "es": "Ayuda", "de": "Hilfe"},
    "reminder": {
        "en": "Still there? We would like to hear the rest.",
        "fr": "Toujours là ? Nous aimerions connaître la suite.",
        "es": "¿Sigue ahí? Nos gustaría saber el resto.",
        "de": "Noch da? Wir würden gern den Rest hören.",
    },
    "stopped": {
        "en": "Understood, we won't ask again.",
        "fr": "C'est noté, nous ne vous solliciterons plus.",
        "es": "Entendido, no volveremos a preguntar.",
        "de": "Verstanden, wir fragen nicht wieder.",
    },
}


def phrase(key: str, locale: str, turn: int = 0, **values: str) -> str:
    """The words of `key` in this language, or else in English; `turn` picks among ways of saying the same."""
    by_language = _PHRASES[key]
    words = by_language.get(locale) or by_language.get(locale.partition("-")[0]) or by_language["en"]
    said = words if isinstance(words, str) else words[turn % len(words)]
    return said.format(**values) if values else said


def keys() -> tuple[str, ...]:
    return tuple(_PHRASES)


def languages_of(key: str) -> tuple[str, ...]:
    return tuple(_PHRASES[key])
