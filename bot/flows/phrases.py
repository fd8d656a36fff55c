"""What the service itself says: everything that is no flow's own words. English stands in for a missing language.

A tuple holds ways of saying the same, used in turn as a question is asked again. `{name}` is filled in by `phrase`.
Tone: a good shop assistant; no "oops", no segment, no word about machinery (design, section 10).
"""

from collections.abc import Mapping
from typing import TypeAlias

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
    "score_again": {
        "en": ("One whole number from 0 to 10, please.", "Any number from 0 to 10 will do: 0 is worst, 10 is best."),
        "fr": (
            "Un nombre entier de 0 à 10, s'il vous plaît.",
            "N'importe quel nombre de 0 à 10 convient : 0 est la moins bonne note, 10 la meilleure.",
        ),
        "es": (
            "Un número entero del 0 al 10, por favor.",
            "Vale cualquier número del 0 al 10: el 0 es lo peor y el 10 lo mejor.",
        ),
        "de": (
            "Bitte eine ganze Zahl von 0 bis 10.",
            "Jede Zahl von 0 bis 10 passt: 0 ist am schlechtesten, 10 am besten.",
        ),
    },
    "score_near": {
        "en": "One whole number, please. Which is closer?",
        "fr": "Un nombre entier, s'il vous plaît. Lequel est le plus proche ?",
        "es": "Un número entero, por favor. ¿Cuál se acerca más?",
        "de": "Bitte eine ganze Zahl. Welche passt besser?",
    },
    "score_mean": {
        "en": "Did you mean {label}?",
        "fr": "Vouliez-vous dire {label} ?",
        "es": "¿Quería decir {label}?",
        "de": "Meinten Sie {label}?",
    },
    "choice_again": {
        "en": ("Which of these fits best?", "One of these, please: a tap is enough."),
        "fr": ("Laquelle de ces réponses convient le mieux ?", "Une de ces réponses, s'il vous plaît : touchez-la."),
        "es": ("¿Cuál de estas respuestas encaja mejor?", "Una de estas, por favor: basta con tocarla."),
        "de": ("Was davon passt am besten?", "Bitte eine dieser Antworten: Antippen genügt."),
    },
    "choice_near": {
        "en": "Which one do you mean?",
        "fr": "Laquelle voulez-vous dire ?",
        "es": "¿A cuál se refiere?",
        "de": "Welche meinen Sie?",
    },
    "text_again": {
        "en": "A few words are enough.",
        "fr": "Quelques mots suffisent.",
        "es": "Bastan unas pocas palabras.",
        "de": "Ein paar Worte genügen.",
    },
    "email_again": {
        "en": ("That address is not complete. It looks like name@example.com.", "An e-mail address needs an @."),
        "fr": (
            "Cette adresse n'est pas complète. Elle ressemble à nom@exemple.fr.",
            "Une adresse e-mail contient un @.",
        ),
        "es": (
            "Esa dirección no está completa. Es como nombre@ejemplo.es.",
            "Una dirección de correo lleva una @.",
        ),
        "de": (
            "Diese Adresse ist nicht vollständig. Sie sieht aus wie name@beispiel.de.",
            "Eine E-Mail-Adresse enthält ein @.",
        ),
    },
    "phone_short": {
        "en": "Some digits are missing.",
        "fr": "Il manque des chiffres.",
        "es": "Faltan algunas cifras.",
        "de": "Es fehlen einige Ziffern.",
    },
    "phone_one_missing": {
        "en": "One digit is missing.",
        "fr": "Il manque un chiffre.",
        "es": "Falta una cifra.",
        "de": "Es fehlt eine Ziffer.",
    },
    "phone_some_missing": {
        "en": "{count} digits are missing.",
        "fr": "Il manque {count} chiffres.",
        "es": "Faltan {count} cifras.",
        "de": "Es fehlen {count} Ziffern.",
    },
    "phone_long": {
        "en": "There are too many digits.",
        "fr": "Il y a trop de chiffres.",
        "es": "Sobran cifras.",
        "de": "Es sind zu viele Ziffern.",
    },
    "phone_invalid": {
        "en": ("We cannot call that number. Is every digit right?", "With the country code it is sure: +44 20 ..."),
        "fr": (
            "Ce numéro ne peut pas être appelé. Chaque chiffre est-il juste ?",
            "Avec l'indicatif du pays, c'est sûr : +33 6 ...",
        ),
        "es": (
            "No podemos llamar a ese número. ¿Están bien todas las cifras?",
            "Con el prefijo del país es seguro: +34 6 ...",
        ),
        "de": (
            "Diese Nummer können wir nicht anrufen. Stimmt jede Ziffer?",
            "Mit der Vorwahl des Landes ist es sicher: +49 ...",
        ),
    },
    "phone_country": {
        "en": "Which country is it? Please begin with its code, such as +44.",
        "fr": "De quel pays ? Commencez par son indicatif, par exemple +33.",
        "es": "¿De qué país es? Empiece por su prefijo, por ejemplo +34.",
        "de": "Aus welchem Land? Bitte mit der Vorwahl beginnen, zum Beispiel +49.",
    },
    "slot_again": {
        "en": ("Which of these times suits you?", "A day and a time, please, such as “Tuesday at 10”."),
        "fr": ("Lequel de ces moments vous convient ?", "Un jour et une heure, par exemple « mardi à 10 h »."),
        "es": ("¿Cuál de estos momentos le viene bien?", "Un día y una hora, por ejemplo «el martes a las 10»."),
        "de": ("Welche dieser Zeiten passt Ihnen?", "Bitte Tag und Uhrzeit, zum Beispiel „Dienstag um 10“."),
    },
    "slot_near": {
        "en": "Which of these do you mean?",
        "fr": "Lequel de ces moments voulez-vous dire ?",
        "es": "¿Cuál de estos quiere decir?",
        "de": "Welche dieser Zeiten meinen Sie?",
    },
    "slot_gone": {
        "en": "That time is no longer free. Which other suits you?",
        "fr": "Ce moment n'est plus libre. Lequel vous conviendrait ?",
        "es": "Ese momento ya no está libre. ¿Qué otro le viene bien?",
        "de": "Diese Zeit ist nicht mehr frei. Welche andere passt Ihnen?",
    },
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
