"""German words around a score."""

from bot.flows.answers.words import Words, numbers, phrases, words

GERMAN = Words(
    language="de",
    numbers=numbers(
        "null",
        "eins",
        "zwei zwo",
        "drei",
        "vier",
        "fünf fuenf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
    ),
    weak=frozenset(),
    opening=phrases(
        "ich wurde sagen|ich wuerde sagen|wurde sagen|wuerde sagen|ich sage|ich sag|sagen wir|sagen wir mal|"
        "sag ich mal|"
        "ich gebe|ich geb|ich gebe euch|ich gebe ihnen|ich gebe eine|ich wurde|ich wuerde|ich vergebe|ich nehme|"
        "gebe|eine|ne|'ne|eine glatte|eine klare|eine gute|eine solide|eine starke|glatte|klare|gute|solide|"
        "das ist eine|es ist eine|das ware eine|meine bewertung|meine bewertung ist|bewertung|meine antwort|"
        "meine antwort ist|meine punktzahl|meine punktzahl ist|punktzahl|punkte|von mir|von mir eine|fur mich|"
        "fur mich eine|fuer mich|definitiv|absolut|ganz klar|klar|sicher|auf jeden fall|bestimmt|ehrlich gesagt|"
        "ehrlich|insgesamt|wahrscheinlich|vielleicht|ich denke|ich glaube|ich finde|also|na ja|naja|hm|hmm|ah|ahm|"
        "ok|okay|ja|gut|hallo|hi|moin|guten tag|eher|eher eine|sondern|sondern eher|lieber|lieber eine|dann|nur|so"
    ),
    closing=phrases(
        "punkte|punkt|punkten|danke|danke schon|vielen dank|bitte|von mir|fur mich|fuer mich|wurde ich sagen|"
        "wuerde ich sagen|sag ich mal|sage ich|"
        "sagen|geben|vergeben|denke ich|glaube ich|finde ich|definitiv|auf jeden fall|ohne zweifel|"
        "ganz klar|klar|ehrlich gesagt|absolut|naturlich|genau|eher|haha|lol"
    ),
    doubt=phrases(
        "note|schulnote|"
        "etwa|ungefahr|circa|ca|fast|beinahe|rund|um die|mindestens|hochstens|maximal|minimal|knapp|gut und gerne|"
        "oder so|mehr oder weniger|so um die"
    ),
    scale=phrases("von|auf|aus|/|von insgesamt"),
    verbs=words("sagen sage sag gebe geb vergebe bewertung wurde wuerde note bewerte"),
    joins=words("oder bis und zwischen bzw beziehungsweise"),
    nots=words("nicht kein keine keinen nein nie niemals weder nichts"),
    breaks=words("weil aber denn da obwohl sondern"),
    halves=words("halb halbe einhalb"),
    points=words("komma punkt"),
    units=words(
        "jahr jahre jahren monat monate monaten woche wochen tag tage tagen stunde stunden std h minute minuten min "
        "sekunde sekunden sek uhr mal male euro euros eur cent dollar prozent km kg g cm mm m k person personen leute "
        "artikel bestellung bestellungen paket pakete pakete produkte teile stuck kunden sterne stern hundert tausend "
        "million kinder grunde anrufe mails januar februar marz april mai juni juli august september oktober november "
        "dezember"
    ),
    retracts=phrases(
        "nein|nee|ne|nicht|nicht wirklich|spass|war nur spass|scherz|kleiner scherz|nie|niemals|wenn|falls|moment|"
        "warte|sorry|entschuldigung|ups|eigentlich|doch nicht|oder nicht|korrektur|quatsch|ironie|lieber|ach nein"
    ),
    forms=words(
        "erste zweite zweiter dritte vierte funfte sechste siebte achte neunte zehnte einser zweier dreier vierer"
    ),
    common=words(
        "ein eine einen einer eines ins eis einst meins keins seins deins einz zweit zweig weit wei "
        "frei dreh dein drin rei brei viel hier bier tier ver vieh gier funft lieben siegen soeben "
        "sachs macht nacht echt ach lacht achtung wacht yacht nun neue neuen neuer neu nein nenn "
        "gehn zahn sehn zeh gehen sehen ziehen sehr mehr voll toll bull full due sept otto "
        "set dos sei dei die dir elf once ten gut nie"
    ),
)
