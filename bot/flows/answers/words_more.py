"""Italian, Portuguese and Dutch words around a score: number words and the plainest frames."""

from bot.flows.answers.words import Words, numbers, phrases, words

ITALIAN = Words(
    language="it",
    numbers=numbers("zero", "uno un", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci"),
    weak=words("uno un due tre sei"),
    opening=phrases(
        "direi|io direi|direi un|dico|io dico|do|darei|io darei|do un|darei un|metto|un|una|un bel|e un|il mio voto|"
        "il mio voto e|voto|per me|per me e|per me un|forse|probabilmente|penso|credo|sicuramente|allora|beh|hmm|ok|si|"
        "ciao|buongiorno|piuttosto|ma piuttosto|solo|diciamo|diciamo un"
    ),
    closing=phrases("punti|punto|grazie|per favore|per me|direi|credo|penso|piuttosto|sicuramente|senza dubbio"),
    doubt=phrases("circa|quasi|almeno|al massimo|intorno a|piu o meno|massimo|minimo"),
    scale=phrases("su|/|di"),
    verbs=words("direi dico darei metto voto"),
    joins=words("o a e tra fra da od"),
    nots=words("non no mai ne nessuno nessuna"),
    breaks=words("perche ma siccome pero"),
    halves=words("mezzo mezza"),
    points=words("virgola punto"),
    units=words(
        "anno anni mese mesi settimana settimane giorno giorni ora ore minuto minuti min secondi volta volte euro "
        "km kg "
        "persone articoli ordini pacchi prodotti stelle "
        "cento mila mille h"
    ),
    retracts=phrases("no|non|scherzo|mai|se|aspetta|scusa|anzi|o no|in realta|errore"),
    forms=words("primo secondo terzo quarto quinto sesto settimo ottavo nono decimo"),
    common=words(
        "vero ero nero pero mero una uni une de sue tue di da tra te ore si se nei lei sui sai set semi mente sente "
        "sete tette mette vette sotto atto rotto lotto motto tutto tutti detto dove nome nuove note neve nuovo dici "
        "dieta dei die dos ten cinquanta quanto quando setta ottimo"
    ),
)

PORTUGUESE = Words(
    language="pt",
    numbers=numbers("zero", "um", "dois duas", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez"),
    weak=words("um"),
    opening=phrases(
        "diria|eu diria|eu diria um|diria um|digo|dou|eu dou|daria|eu daria|dou um|eu dou um|daria um|um|uma|um bom|"
        "e um|minha nota|minha nota e|a minha nota e|a minha nota|nota|para mim|para mim e|pra mim|talvez|"
        "provavelmente|acho que|acho|penso que|com certeza|sem duvida|entao|bem|bom|hmm|ok|sim|ola|oi|bom dia|"
        "mais para|mais para um|so"
    ),
    closing=phrases("pontos|ponto|obrigado|obrigada|por favor|para mim|pra mim|diria eu|acho|com certeza|sem duvida"),
    doubt=phrases("cerca de|quase|pelo menos|no maximo|mais ou menos|por volta de|uns|maximo|minimo"),
    scale=phrases("em|de|sobre|/"),
    verbs=words("diria digo dou daria nota"),
    joins=words("ou a e entre de"),
    nots=words("nao nunca nem jamais nada"),
    breaks=words("porque mas pois porem"),
    halves=words("meio meia"),
    points=words("virgula ponto"),
    units=words(
        "ano anos mes meses semana semanas dia dias hora horas h minuto minutos min segundos vez vezes euro "
        "euros reais "
        "km kg pessoas artigos pedidos pacotes produtos estrelas cem cento mil"
    ),
    retracts=phrases("nao|brincadeira|nunca|se|espera|desculpa|alias|ou nao|na verdade|erro|melhor"),
    forms=words("primeiro segundo terceiro quarto quinto sexto setimo oitavo nono decimo"),
    common=words(
        "em uma num us dos pois doi bois mais tras tras quadro quando quanto circo cinto zinco seus sei "
        "leis seja este esta site sede sente sexo dito muito novo nova nome nave neve note de vez diz fez "
        "dia deu der dei mero nada mito rito otto set ten tens tem"
    ),
)

DUTCH = Words(
    language="nl",
    numbers=numbers("nul", "een één", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen", "tien"),
    weak=words("een"),
    opening=phrases(
        "ik zou zeggen|ik zeg|zou ik zeggen|laten we zeggen|zeg|ik geef|ik geef een|ik geef jullie een|ik zou geven|"
        "een|een dikke|een mooie|een goede|dikke|het is een|mijn cijfer|mijn cijfer is|mijn score|mijn score is|cijfer|"
        "score|voor mij|voor mij een|misschien|waarschijnlijk|ik denk|ik vind|zeker|absoluut|eerlijk gezegd|nou|hmm|"
        "oke|ok|ja|hallo|hoi|eerder|eerder een|maar eerder|liever|liever een|dan|alleen"
    ),
    closing=phrases("punten|punt|bedankt|dank je|dank u|graag|alsjeblieft|alstublieft|voor mij|denk ik|zeker|eerder"),
    doubt=phrases("ongeveer|bijna|circa|rond|rond de|minstens|hoogstens|maximaal|minimaal|of zo|zo'n"),
    scale=phrases("van de|op de|uit|op|van|/"),
    verbs=words("zeggen zeg geef cijfer score"),
    joins=words("of tot en tussen a"),
    nots=words("niet geen nee nooit noch niets"),
    breaks=words("omdat maar want aangezien"),
    halves=words("half halve"),
    points=words("komma punt"),
    units=words(
        "jaar jaren maand maanden week weken dag dagen uur minuut minuten min seconden keer euro km kg personen mensen "
        "artikelen bestellingen pakketten producten sterren honderd duizend"
    ),
    retracts=phrases("nee|niet|grapje|nooit|als|wacht|sorry|eigenlijk|of niet|liever|toch niet"),
    forms=words("eerste tweede derde vierde vijfde zesde zevende achtste negende tiende"),
    common=words(
        "en geen ben eens even ten eten men hen heen eet eer been meen neen leen veen thee wee drive die dit hier veel "
        "bier dier ver vies lijf ze zei zeg zet zee les leven geven zeggen weven echt dacht nacht macht wacht "
        "ach zacht achter tegen nemen regen wegen neven leggen zien toen teen dien tijn nu nut vul lul gul "
        "nemen twede nein set dos sei"
    ),
)
