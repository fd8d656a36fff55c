"""Words of agreeing, refusing and pointing, as data. All in the form of `clean.bare`: no accents, no punctuation."""

from bot.flows.answers.words import words

_YES = {
    "en": "yes|y|yeah|yep|yup|yess|ya|sure|sure thing|of course|ok|okay|k|yes please|please|please do|absolutely|"
    "definitely|certainly|with pleasure|gladly|why not|yes of course|yes sure|sounds good|go ahead|i do|i would|"
    "i'd love to|yes i would|yes i do|yes thanks|yes thank you|fine|great|true|agreed|count me in|i'm in|correct",
    "fr": "oui|o|ouais|ouai|oui merci|oui svp|oui s'il vous plait|bien sur|bien sur que oui|volontiers|avec plaisir|"
    "d'accord|ok|okay|pourquoi pas|absolument|certainement|evidemment|carrement|oui bien sur|oui volontiers|"
    "oui avec plaisir|je veux bien|ca marche|tout a fait|yes|mais oui|si|exact|parfait|allons y|c'est bon",
    "es": "si|s|sip|claro|claro que si|por supuesto|vale|ok|okay|de acuerdo|si por favor|si gracias|con gusto|"
    "con mucho gusto|desde luego|sin duda|como no|perfecto|me encantaria|si claro|si quiero|dale|venga|por que no",
    "de": "ja|j|jo|jap|jawohl|klar|na klar|ja klar|ja bitte|ja gerne|gerne|sehr gerne|gern|ja gern|naturlich|"
    "naturlich ja|selbstverstandlich|auf jeden fall|ok|okay|in ordnung|einverstanden|warum nicht|sicher|bitte|"
    "ja naturlich|ja danke|unbedingt|genau|stimmt|absolut",
    "it": "si|s|certo|certamente|si grazie|si per favore|volentieri|va bene|ok|okay|d'accordo|con piacere|"
    "assolutamente|perche no|naturalmente|ovvio|certo che si",
    "pt": "sim|s|claro|claro que sim|com certeza|sim por favor|sim obrigado|sim obrigada|ok|okay|esta bem|pode ser|"
    "com prazer|por que nao|de acordo|quero|aceito|certo",
    "nl": "ja|j|jazeker|zeker|natuurlijk|graag|ja graag|ja hoor|prima|ok|oke|okay|akkoord|waarom niet|met plezier|"
    "absoluut|tuurlijk|ja natuurlijk|goed",
}
_NO = {
    "en": "no|n|nope|nah|no thanks|no thank you|no thx|not really|no way|never|not at all|no sorry|sorry no|"
    "i don't|i'd rather not|rather not|don't|no i don't|no i wouldn't|not interested|nothing|false|no need|not for me",
    "fr": "non|n|nan|non merci|pas du tout|jamais|sans facon|non pas du tout|non desole|pas vraiment|surtout pas|"
    "pas la peine|je ne veux pas|no|non non|pas interesse|pas interessee|ca ira|non ca ira|pas besoin",
    "es": "no|n|nop|no gracias|para nada|nunca|jamas|de ninguna manera|no quiero|claro que no|por supuesto que no|"
    "no lo creo|en absoluto|mejor no|no hace falta|no me interesa",
    "de": "nein|n|ne|nee|no|nein danke|nicht|auf keinen fall|niemals|nie|keinesfalls|lieber nicht|eher nicht|"
    "kein interesse|nicht notig|danke nein|nein nein|nicht wirklich|kein bedarf",
    "it": "no|n|no grazie|assolutamente no|per niente|mai|meglio di no|non voglio|certo che no|non mi interessa",
    "pt": "nao|n|nao obrigado|nao obrigada|nem pensar|nunca|de jeito nenhum|nao quero|claro que nao|jamais|"
    "melhor nao|nao precisa",
    "nl": "nee|n|neen|nee bedankt|nee dank je|nee dank u|nooit|helemaal niet|liever niet|geen interesse|zeker niet|"
    "niet nodig",
}
YES = {language: frozenset(line.split("|")) for language, line in _YES.items()}
NO = {language: frozenset(line.split("|")) for language, line in _NO.items()}

NOT = words(
    "no not don't dont can't cannot never non pas jamais sans ni nada nunca nein nicht kein keine keinen nie mai nao "
    "nem nee niet geen nooit without sin ohne except sauf salvo excepto ausser behalve impossible unmoglich imposible"
)

EMPTY = words(
    "a an the i i'd i'll would like want to please thanks thank you option choice one me my it just yes ok okay "
    "le la les l' un une des je j'aimerais voudrais veux s'il vous plait svp merci moi mon oui "
    "el los las una unos quiero quisiera por favor gracias si opcion "
    "der die das ein eine ich mochte will bitte danke gern gerne ja "
    "il lo gli uno vorrei voglio per favore grazie o os as um uma eu quero obrigado obrigada sim "
    "de het een ik wil graag alsjeblieft"
)
"""Words that tell no option from another."""

_ORDINALS = {
    1: "first 1st premier premiere 1er 1ere primero primera primer erste erster ersten erstes primo prima "
    "primeiro primeira eerste",
    2: "second 2nd deuxieme seconde 2e 2eme segundo segunda zweite zweiter zweiten zweites secondo seconda tweede",
    3: "third 3rd troisieme 3e 3eme tercero tercera tercer dritte dritter dritten drittes terzo terza terceiro "
    "terceira derde",
    4: "fourth 4th quatrieme 4e 4eme cuarto cuarta vierte vierter vierten viertes quarto quarta vierde",
    5: "fifth 5th cinquieme 5e 5eme quinto quinta funfte funfter funften funftes vijfde",
    6: "sixth 6th sixieme 6e 6eme sexto sexta sechste sechster sechsten sechstes sesto sesta zesde",
    -1: "last dernier derniere ultimo ultima letzte letzter letzten letztes laatste",
}
_NUMBERED = (
    "{}|the {}|{} one|the {} one|{} option|the {} option|le {}|la {}|l {}|el {}|"
    "der {}|die {}|das {}|den {}|il {}|o {}|a {}|de {}|het {}"
)
PLACES = {
    form.format(word): place
    for place, line in _ORDINALS.items()
    for word in line.split()
    for form in _NUMBERED.split("|")
}
PLACES |= {
    form.format(place): place
    for place in range(1, 10)
    for form in (
        "option {}",
        "number {}",
        "no {}",
        "nr {}",
        "choix {}",
        "numero {}",
        "nummer {}",
        "opcion {}",
        "the {}",
    )
}
"""The place in a list that a phrase points to, from 1; -1 for the last."""
