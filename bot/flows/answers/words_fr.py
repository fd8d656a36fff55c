"""French words around a score."""

from bot.flows.answers.words import Words, numbers, phrases, words

FRENCH = Words(
    language="fr",
    numbers=numbers("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    weak=words("un"),
    opening=phrases(
        "je dirais|je dirai|je dis|j'dirais|moi je dirais|je dirais que c'est|disons|on va dire|je mets|je mettrais|"
        "je mettrai|je donne|je donnerais|je donnerai|je lui donne|je vous donne|je vous donnerais|je vous mets|"
        "je note|je choisis|je reponds|ma note|ma note est|ma note est de|la note est|ma reponse est|ma reponse|note|"
        "score|mon score|mon score est|mon score est de|c'est un|ce sera|ce serait|un|une|un bon|un beau|"
        "un petit|un gros|un grand|un solide|bon|petit|gros|pour moi|pour moi c'est|pour moi c'est un|pour ma part|"
        "moi c'est|moi c'est un|moi|sans hesiter|sans hesitation|clairement|franchement|honnetement|absolument|"
        "certainement|surement|"
        "sans doute|peut-etre|je pense|je crois|probablement|globalement|au global|bah|ben|euh|hum|hmm|ok|d'accord|"
        "oui|bonjour|salut|bonsoir|alors|donc|plutot|mais plutot|allez|la note de|une note de|seulement|juste|enfin"
    ),
    closing=phrases(
        "points|point|merci|merci beaucoup|s'il vous plait|svp|stp|pour moi|pour ma part|je pense|je crois|je dirais|"
        "sans hesiter|sans hesitation|sans doute|sans probleme|plutot|mdr|lol|ptdr|franchement|honnetement|"
        "clairement|absolument|bien sur|evidemment|tout simplement|exactement|pile|pointe"
    ),
    doubt=phrases(
        "c'est|tout|environ|presque|a peu pres|autour de|dans les|au moins|au plus|maximum|max|minimum|plus ou moins|"
        "pas loin de|quasi|quasiment|pas plus de|entre guillemets|un petit peu plus de"
    ),
    scale=phrases("sur|/|su"),
    verbs=words("dirais dirai dis mets mettrais donne donnerais note score noterais donnerai mettrai"),
    joins=words("ou a et entre de soit voire"),
    nots=words("pas non jamais ni aucun aucune n'est guere"),
    breaks=words("car parce mais puisque comme"),
    halves=words("demi demie"),
    points=words("virgule point"),
    units=words(
        "an ans annee annees mois semaine semaines jour jours heure heures h minute minutes min mn seconde secondes "
        "fois euro euros eur centimes dollars pourcent pourcents pour-cent km kg g cm mm m k personne personnes "
        "article articles commande commandes colis produits produit pieces boites clients etoiles etoile er ere eme e "
        "cent cents mille million raisons enfants appels mails jeudis janvier fevrier mars avril mai juin juillet "
        "aout septembre octobre novembre decembre"
    ),
    retracts=phrases(
        "non|pas|pas du tout|pas vraiment|je rigole|je plaisante|je blague|non je rigole|jamais|si|attendez|attends|"
        "pardon|desole|oups|enfin|ou pas|en fait|correction|erreur|plutot|euh non|sauf si|ironie"
    ),
    forms=words(
        "quart deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme neufs neuve zeros"
    ),
    common=words(
        "en on une uns eux ceux peux veux yeux jeux doux dieux feux crois trous droit tres tri tris quartier ici cite "
        "ciné cinema dis dit dir si sir aix sert sent set sec cet cette ces nuit suit cuit fuit lui oui "
        "hui nerf oeuf oeufs veuf meuf nul nulle non nein jeu peu seul tous tout tien dos ten due "
        "sei dire tenu once elf otto heros zone rien bien moi toi trop cool super"
    ),
)
