"""Spanish words around a score."""

from bot.flows.answers.words import Words, numbers, phrases, words

SPANISH = Words(
    language="es",
    numbers=numbers("cero", "uno un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
    weak=words("uno un"),
    opening=phrases(
        "diria|diria que|yo diria|yo diria que|diria que un|"
        "digo|yo digo|digamos|pongo|yo pongo|le pongo|os pongo|pondria|"
        "yo pondria|le pondria|doy|le doy|os doy|les doy|yo le doy|daria|le daria|yo daria|yo le daria|un|una|un buen|"
        "es|es un|seria|seria un|mi nota|mi nota es|mi puntuacion|mi puntuacion es|puntuacion|nota|mi respuesta es|"
        "mi respuesta|para mi|para mi es|para mi un|por mi parte|sin duda|sin dudarlo|claramente|francamente|"
        "sinceramente|honestamente|absolutamente|definitivamente|seguramente|quiza|quizas|tal vez|creo que|creo|"
        "creo que un|pienso que|probablemente|en general|pues|bueno|eh|hmm|vale|ok|si|hola|buenas|buenos dias|entonces|"
        "mas bien|mas bien un|mejor|solo|un solido|solido"
    ),
    closing=phrases(
        "puntos|punto|gracias|muchas gracias|por favor|para mi|por mi parte|creo|creo yo|diria yo|diria|sin duda|"
        "sin dudarlo|sinceramente|claro|por supuesto|mas bien|exactamente|jaja|jajaja"
    ),
    doubt=phrases(
        "casi|unos|alrededor de|cerca de|aproximadamente|mas o menos|como|como mucho|como minimo|al menos|por lo menos|"
        "maximo|minimo|o asi"
    ),
    scale=phrases("sobre|de|de un total de|/"),
    verbs=words("diria digo pongo pondria doy daria nota puntuacion puntuo"),
    joins=words("o u a y entre e de"),
    nots=words("no nunca ni tampoco jamas nada"),
    breaks=words("porque pero sino ya puesto aunque"),
    halves=words("medio media"),
    points=words("coma punto"),
    units=words(
        "ano anos mes meses semana semanas dia dias hora horas h minuto minutos min segundo segundos vez veces euro "
        "euros eur centimos dolares pesos porciento km kg g cm mm m k persona personas articulo articulos pedido "
        "pedidos paquetes productos producto piezas cajas clientes estrellas estrella cien cientos mil millon ninos "
        "razones llamadas correos enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
        "diciembre"
    ),
    retracts=phrases(
        "no|que va|es broma|broma|nunca|si|espera|perdon|perdona|lo siento|en realidad|mejor|mejor dicho|digo|o no|"
        "correccion|error|ironia|no es verdad"
    ),
    forms=words("segundo tercero cuarto quinto sexto septimo octavo noveno decimo ceros unos unas ochos sietes"),
    common=words(
        "pero creo caro cerro carro coro cuero cera celo zero no una uso ano uni los nos dios os don sos "
        "das doy des do eres tras tren res cuadro cuando cuanto circo sois seas sea siento siente "
        "sitio ocio ochenta ocha echo nuevo nueva nuevos nuevas nieve mueve nada nadie die dia dias "
        "diaz dice dicen sei once setenta sesenta noventa cinta cine nein non bueno buena hecho mucho pocho"
    ),
)
