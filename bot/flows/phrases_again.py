"""What is said where an answer was not understood, by language. English stands in for a missing language.

A tuple holds ways of saying the same, used in turn as a question is asked again.
"""

from collections.abc import Mapping

AGAIN: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
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
}
