"""Words of days and times in seven languages, as data. Plain form: lower case, no accents."""

from bot.flows.answers.words import words


def _table(lines: tuple[str, ...], first: int = 0) -> dict[str, int]:
    return {word: first + at for at, line in enumerate(lines) for word in line.split()}


WEEKDAYS = _table(
    (
        "monday lundi lunes montag montags lunedi segunda-feira maandag",
        "tuesday mardi martes dienstag dienstags martedi terca-feira dinsdag",
        "wednesday mercredi miercoles mittwoch mittwochs mercoledi quarta-feira woensdag",
        "thursday jeudi jueves donnerstag donnerstags giovedi quinta-feira donderdag",
        "friday vendredi viernes freitag freitags venerdi sexta-feira vrijdag",
        "saturday samedi sabado samstag samstags sonnabend sabato zaterdag",
        "sunday dimanche domingo sonntag sonntags domenica zondag",
    )
)
"""0 is Monday."""

SHORT_WEEKDAYS = {
    "en": _table(("mon", "tue tues", "wed", "thu thur thurs", "fri", "sat", "sun")),
    "fr": _table(("lun", "mar", "mer", "jeu", "ven", "sam", "dim")),
    "es": _table(("lun", "mar", "mie", "jue", "vie", "sab", "dom")),
    "de": _table(("mo", "di", "mi", "do", "fr", "sa", "so")),
    "it": _table(("lun", "mar", "mer", "gio", "ven", "sab", "dom")),
    "pt": _table(("seg segunda", "ter terca", "qua quarta", "qui quinta", "sex sexta", "sab", "dom")),
    "nl": _table(("ma", "di", "wo", "do", "vr", "za", "zo")),
}
"""Read in the person's own language only: `do` is no Thursday in English."""

RELATIVE = _table(
    (
        "today tonight aujourd'hui aujourdhui hoy heute oggi hoje vandaag",
        "tomorrow tmrw tomorow demain manana morgen domani amanha",
        "overmorrow apres-demain apresdemain ubermorgen uebermorgen dopodomani overmorgen",
    )
)
AFTER_TOMORROW = (
    "the day after tomorrow",
    "day after tomorrow",
    "apres demain",
    "pasado manana",
    "depois de amanha",
)
"""Written apart; each stands for `overmorrow`."""

_PARTS = {
    (0, 12): "morning matin matinee vormittag vormittags morgens fruh mattina mattino ochtend",
    (12, 18): "afternoon apres-midi nachmittag nachmittags pomeriggio middag namiddag tarde",
    (17, 24): "evening soir soiree abend abends sera noite noche avond",
}
PARTS = {word: hours for hours, line in _PARTS.items() for word in line.split()}
"""The hours of a part of the day: from the first on, before the second."""
MORNINGS = words("manana morgen")
"""The morning where a day is named beside them, else tomorrow."""
MORNING_PHRASES = ("por la manana", "de la manana", "am morgen", "am vormittag", "da manha", "de manha", "pela manha")
NOON = words("noon midday midi mittag mediodia mezzogiorno meio-dia")

AFTER = words("after from since apres partir despues desde nach ab dopo dalle depois na vanaf later")
BEFORE = words("before until till by avant jusqu'a antes hasta vor bis prima fino ate voor tot earlier")

FILLERS = words(
    "at on the a an in of for me i'd i'll i like would prefer take please thanks is are good fine ok okay yes and or "
    "around about works perfect best then let's say possible could can you call back oclock o'clock next this coming "
    "st nd rd th one "
    "le la les de des du d' a au vers pour moi je prefere veux prends merci svp s'il vous plait oui bien ca ira et ou "
    "heures heure h prochain prochaine ce cet cette plutot parfait rappelez-moi "
    "el los las por para mi quiero prefiero gracias favor si y o hora horas proximo proxima este esta sobre mejor "
    "der die das ein am um im den dem uhr gegen bitte danke gern gerne ja und oder ich nehme mochte lieber nachsten "
    "nachste nachster kommenden diesen diese passt gut ware "
    "il lo alle all' ore per favore grazie prossimo va bene e as ao no na prefiro obrigado proxima "
    "om op het graag volgende komende uur"
)
"""Words that say nothing about when."""
