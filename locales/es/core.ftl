### Por qué algo no se hace, por qué un envío espera o quedó en nada, y lo que se dice en una sala.

refused-unknown-verb = No existe la orden «{ $verb }». Escribe `ayuda` para ver la lista.
refused-unknown-verb-near = No existe la orden «{ $verb }». ¿Querías decir `{ $near }`?
refused-unknown-case = No existe el caso { $case }. Escribe `lista` para ver los abiertos.
refused-erased = El caso { $case } se borró { $at }: no queda nada de él.
refused-erased-once = El caso { $case } se borró: no queda nada de él.
refused-which-case = ¿Qué caso? Pon su número detrás de la orden, como en `tomar 42`.
refused-usage = Falta algo. Se escribe así: { $usage }
refused-too-much = «{ $extra }» sobra. Se escribe así: { $usage }
refused-not-one-of = «{ $given }» no es ninguno de estos: { $values }. Se escribe así: { $usage }
refused-day-ahead = El día { $day } no ha empezado: todavía no hay cifras suyas.
refused-which-case-field = ¿Qué caso? Pon su número en "case" o su hilo en "thread".
refused-not-a-case = «{ $given }» no es un número de caso. Se escribe así: { $usage }
refused-bad-label = «{ $given }» no sirve de etiqueta. Una etiqueta tiene de 1 a { $most } letras, cifras, «-» o «_», y empieza por letra o cifra.
refused-needs-role = Para eso hace falta el rol { $role } o uno superior. Pídeselo a un responsable.
refused-not-staff = No estás en la lista del equipo, así que no se ha hecho nada. Un operador puede añadirte en [people].
refused-id-used = El identificador «{ $id }» ya se usó para otra orden, y esa vale. Dale a esta uno propio.
refused-new-text = Sin aprobar: este texto ha sustituido a otro hace un momento. Léelo; `aprobar { $n } { $version }` lo deja salir:
refused-other-text = Sin aprobar: ahora espera otro texto. Léelo; `aprobar { $n } { $version }` lo deja salir:
refused-other-draft = No se ha hecho nada: otro borrador ha sustituido a ese. El borrador es ahora este; `responder { $n }` lo envía:
refused-no-such-field = No se ha hecho nada: `{"{"}{ $typed }{"}"}` no es un campo y al cliente le llegaría tal cual. ¿Querías decir `{"{"}{ $field }{"}"}`?
refused-text-gone = No se ha hecho nada: ese texto ya no espera aquí. Se envió, se cambió o se descartó.
refused-text-gone-now = No se ha hecho nada: ese texto ya no espera aquí. El que está en camino es este:
refused-wrong-door = Esta orden no se puede dar con { $door }. Escríbela.
door-slash = una orden con barra
door-text = un mensaje
door-button = un botón
door-reaction = una reacción
door-modal = un formulario
door-console = una línea de la consola
refused-unknown-room = No hay ninguna sala «{ $room }». Se conocen: { $known }. Quita la sala si no hace falta.
refused-unknown-person = Nadie llamado «{ $name }» puede llevar casos. Pueden: { $known }.
refused-unknown-person-nobody = Nadie llamado «{ $name }» puede llevar casos. Quien opera el bot puede dar nombres en [people].
refused-owned-by = { $agent } ya lleva este caso. Habla con esa persona o pide a un responsable que te lo asigne.
refused-already-yours = Este caso ya es tuyo.
refused-not-owned = Nadie lleva este caso. Tómalo primero.
refused-status = Eso no se puede hacer con un caso en estado «{ $status }».
refused-status-resolved = El caso está resuelto. `reabrir` lo abre de nuevo.
refused-status-quarantined = El caso está oculto como ruido. `restaurar` lo recupera.
refused-no-draft = No hay borrador que enviar. Escribe el texto detrás de la orden, o antes un borrador.
refused-nothing-to-discard = No hay nada que descartar: ni borrador ni respuesta retenida o pendiente de aprobación. `deshacer` para la que está a punto de salir.
refused-nothing-to-answer = No queda ningún mensaje del cliente que se pueda contestar.
refused-too-long = Son { $length } caracteres según cuenta la red y caben { $max } como mucho. Acórtalo.
refused-picture-alone = Una imagen necesita un texto: escríbelo detrás del comando, en el mismo mensaje que la imagen. No se ha hecho nada.
refused-picture-here = Una corrección solo cambia el texto: las imágenes quedan como se publicaron. No se ha hecho nada.
refused-no-pictures = Con este texto no puede ir ninguna imagen: la red, o esta vía hacia el cliente, no las admite de sereno. Envía el texto sin ella o pon un enlace.
refused-too-many-pictures = Son { $count } archivos y con este texto van { $most } como mucho. No se ha hecho nada: escríbelo otra vez con menos.
refused-wrong-kind = El archivo { $file } no es de los tipos de imagen que admite la red ({ $kinds }). No se ha hecho nada: escríbelo otra vez con uno que lo sea.
refused-picture-too-large = El archivo { $file } es demasiado grande: { $most } MB como mucho. No se ha hecho nada: escríbelo otra vez con uno más pequeño.
refused-empty = El texto está vacío.
refused-send-under-way = Otra respuesta de este caso sigue en curso. Deshazla o espera a que salga.
refused-in-doubt = No se sabe si una respuesta anterior de este caso llegó a la red. `sereno outbox list` muestra su número. Míralo allí y escribe `sereno outbox retry` si falta o `sereno outbox drop` si está.
refused-nothing-to-approve = Aquí no hay nada pendiente de aprobación.
refused-on-hold = Ahora está retenido, porque { $reason }. `responder` lo dirige a lo que hay ahora y `descartar` lo abandona.
refused-own-draft = Quien escribe una respuesta no la aprueba. Pídeselo a otro responsable.
refused-nothing-to-undo = No queda nada que deshacer.
refused-too-late = Demasiado tarde: ya ha salido. Un responsable puede retirar o corregir lo publicado.
refused-by-hand = La red solo admite esta respuesta de una persona. Escríbela allí, con la cuenta de la empresa: { $url } – y después cuéntalo: `publicado { $n } <su dirección>`.
refused-answers-closed = La red no deja que nadie conteste a esta publicación.
refused-not-an-address = «{ $given }» no es la dirección de una publicación. Cópiala de la red: empieza por https://.
refused-not-our-post = Esa es la dirección de una publicación que ya está aquí y no es nuestra. Abre la respuesta que escribiste debajo y copia su dirección.
refused-other-site = Este caso no está en { $given }. La dirección de tu respuesta empieza por https://{ $known }/.
refused-would-be-public = Esto sería público: no admite mensajes privados nuestros. No se ha enviado nada. `privado { $n }` sin texto le pide en público que nos escriba; lo que puede leer todo el mundo va con `responder { $n }`.
refused-no-private-route = Esta red no ofrece una vía privada con este cliente. Contesta en público y sin datos personales.
refused-route-shut = La red no admite más mensajes privados a este cliente hasta que vuelva a escribir. Contesta en público y sin datos personales.
refused-no-handoff = No hay ninguna conversación privada abierta. Ábrela con `privado`.
refused-nothing-published = Aquí no hay ninguna respuesta nuestra publicada.
refused-not-on-this-network = Esta red no permite hacer eso.
refused-same-case = Es el mismo caso.
refused-merged-into = Este caso se fusionó y continúa en { $case }.
refused-other-customer = Son casos de clientes distintos y no se fusionan. Puedes enlazarlos.
refused-already-so = Ya está así.
refused-bad-time = «{ $text }» no es una duración. Escribe `30m`, `2h` o `1d`.

hold-customer-wrote = el cliente ha vuelto a escribir
hold-target-edited = el mensaje al que contesta ha cambiado
hold-answered-outside = nuestra cuenta ya ha contestado fuera de sereno

stop-undone = se deshizo
stop-rejected = se rechazó
stop-superseded = un texto más nuevo ocupó su lugar
stop-target-gone = el mensaje al que contesta ya no existe
stop-right-lost = quien lo envió ya no tiene permiso
stop-case-closed = el caso se resolvió, se ocultó o se fusionó entretanto
stop-refused = la red lo rechazó
stop-dropped = se abandonó a mano
stop-retracted = se retiró después
stop-deleted-there = se borró en la propia red
stop-erased = se borró el caso del que venía
stop-unfit = así no puede salir

# Tras dos puntos: los motivos propios de sereno.
why-person-gone = la red ya no encuentra la cuenta del cliente: borrada, suspendida o trasladada
why-person-changed = la cuenta del cliente es ahora de otra persona en la red
why-person-not-found = la red no encuentra a la persona
why-names-other = un mensaje privado llega a todos los que nombra: quita la @ de { $other }
why-not-kept-private = la red no mantuvo privado el mensaje; se ha retirado
why-never-published = la respuesta a la que se refiere nunca se publicó
why-handle-unfit = el nombre de usuario de la persona no se puede escribir en un mensaje
why-account-gone = la cuenta ya no está configurada
why-too-long = es más largo de lo que admite la red
why-not-in-room = el bot no está en esta sala
why-no-key = no llegó ninguna clave para descifrarlo
why-in-doubt = no hay modo de saber si está publicado
why-not-slack = lo que responde ahí (HTTP { $status }) no es la API de Slack
why-answer-too-long = la respuesta es más larga que ninguna de Slack
why-may-not-answer = X solo deja que las aplicaciones respondan a quien ha mencionado o citado la cuenta; a mano se puede responder en la propia X
why-no-dms = la persona no admite mensajes privados de la cuenta
why-no-pictures = allí no se pueden enviar imágenes
why-picture-gone = el archivo { $file } ya no está en el chat, o el bot no puede verlo: escribe el texto otra vez, con la imagen
why-picture-too-large = el archivo { $file } es más grande de lo que admite la red: escribe el texto otra vez, con una imagen más pequeña
why-picture-odd = el archivo { $file } no es una imagen que se pueda enviar, se llame como se llame: guárdala de nuevo como PNG o JPEG y escribe el texto otra vez con ella
why-picture-not-readable = el bot no puede leer los archivos del chat ({ $detail }). En Slack: da a la app el permiso files:read, instálala de nuevo y escribe el texto otra vez
why-picture-no-right = la red no admite imágenes con este inicio de sesión ({ $detail }): en X, inicia sesión de nuevo con `sereno login x` y escribe el texto otra vez
why-picture-refused = la red rechaza una imagen ({ $detail }): escribe el texto otra vez, con otra imagen
why-same-text = la red no admite el mismo texto dos veces: cambia alguna palabra
why-cannot-change = la red no deja que las aplicaciones cambien lo publicado
why-wrong-lane = iba al lugar equivocado; avisa de este fallo de sereno

# Lo que impide que Matrix responda.
why-matrix-no-answer = el servidor no ha respondido a tiempo
why-matrix-no-connection = no hay conexión con el servidor
why-matrix-broke-off = se ha cortado la conexión con el servidor
why-matrix-odd-answer = la respuesta no es la de un servidor de Matrix
why-matrix-no-homeserver = lo que responde ahí (HTTP { $status }) no es un servidor de Matrix
why-matrix-databases-failed = han fallado las bases de datos de Matrix del bot
why-matrix-not-encrypted = no se ha podido cifrar
why-matrix-library = ha fallado la biblioteca de Matrix
why-matrix-invited = el bot está invitado y aún no ha entrado en esta sala
why-matrix-not-signed-in = el bot aún no ha iniciado sesión en Matrix
why-matrix-not-kept = el bot no ha podido anotarlo
why-matrix-unfit = la sala no sirve para mensajes privados
why-matrix-own-unread = el bot aún no puede descifrar sus propios mensajes anteriores

refused-no-entry = No hay ninguna entrada { $entry } en la bandeja de salida. `sereno outbox list` muestra las que hay.
refused-entry-in-flight = La entrada { $entry } está saliendo en este momento. Espera a ver cómo termina.

notice-auth-lost = La red ya no acepta la clave de la cuenta { $account } ({ $why }). No se pierde nada: los envíos esperan y la lectura se reintenta. Pon una clave nueva de la misma cuenta donde apunta `token` de esa cuenta en bot.toml: un archivo (`file:`) se vuelve a leer solo, una variable (`env:`) al volver a arrancar.
notice-costs-nearly = { $account } ha costado { $spent } dólares en { $month }: cuatro quintas partes o más de su presupuesto de { $budget }. Desde ahora se lee con menos frecuencia lo que se encuentra buscando y cómo se difunden las publicaciones; las menciones y los mensajes privados se leen como siempre y las respuestas salen.
notice-costs-spent = { $account } ha costado { $spent } dólares en { $month }: su presupuesto de { $budget } está gastado. Hasta que acabe el mes no se busca nada ni se vuelven a mirar las publicaciones; las menciones y los mensajes privados se leen con menos frecuencia y las respuestas salen. Para cambiarlo, pon otro `budget` en bot.toml y vuelve a arrancar el bot.
notice-auth-back = La cuenta { $account } vuelve a funcionar. Lo que esperaba ya está saliendo.
notice-account-renamed = La cuenta { $account } de bot.toml es ahora { $is } en su red; hasta ahora era { $was }. No sale nada a las redes hasta que alguien lo mire: si es a propósito, escribe `reanudar`; si no, vuelve a poner la clave de { $was } y arranca sereno otra vez.
notice-dead-letter = La entrada { $entry } de la bandeja de salida (caso { $case }) no se ha podido entregar ({ $why }). Escribe `sereno outbox retry { $entry }` para intentarlo otra vez o `sereno outbox drop { $entry }` para abandonarla.
notice-in-doubt = No se puede averiguar si la entrada { $entry } de la bandeja de salida (caso { $case }) llegó a la red, así que no se envía otra vez. Míralo allí y escribe `sereno outbox retry { $entry }` si falta o `sereno outbox drop { $entry }` si está.
notice-erased = El caso { $case } se borró { $at }. En sereno no queda nada de él; lo que este chat aún muestre solo se puede borrar aquí.
notice-paused = { $agent } ha detenido todos los envíos a las redes. `reanudar` los pone en marcha.
notice-resumed = { $agent } pone de nuevo en marcha los envíos.
notice-room-unfit = Los mensajes privados ya no se muestran en la sala { $room }, aunque bot.toml la da por privada: { $why } Lo que ya está allí se sustituye ahora, mensaje a mensaje; quien pudiera leer la sala quizá lo haya visto. Haz que vuelva a ser privada o indica otra sala en [privacy].
notice-room-masked = { $messages ->
    [one] Un mensaje que quizá mostraba texto privado en la sala { $room } se ha sustituido por otro sin él.
   *[other] { $messages } mensajes que quizá mostraban texto privado en la sala { $room } se han sustituido por otros sin él.
} Puede que queden otros más antiguos que ya no recuerdo (de cada caso conozco los 500 últimos, y menos de lo que publicó una versión anterior): repasa la sala y borra a mano los que encuentres.
notice-room-not-masked = { $messages ->
    [one] No se ha podido cambiar un mensaje de la sala { $room } ({ $why }), y quizá aún muestre texto privado: bórralo allí a mano.
   *[other] No se han podido cambiar { $messages } mensajes de la sala { $room } ({ $why }), y quizá aún muestren texto privado: bórralos allí a mano.
}
notice-room-gone-unmasked = La sala { $room } ya no existe o ya no estoy en ella ({ $why }): los mensajes de allí que quizá muestren texto privado no se han podido sustituir, y no volveré a intentarlo. Si alguien puede leer aún la sala, bórralos allí a mano.
notice-room-fit = Los mensajes privados se pueden mostrar otra vez en la sala { $room }.
notice-parked = Ha llegado algo que no se ha podido leer ({ $why }). Se guarda 30 días: `sereno parked list` muestra lo que hay.
notice-parked-full = Es tanto lo que no se ha podido leer ({ $why }) que desde ahora se abandona lo más antiguo. Míralo con `sereno parked list`.

# What operators may not do with what could not be read.
refused-not-parked = No se guarda nada con el identificador «{ $id }». `sereno parked list` muestra lo que hay.

# Slack
notice-chat-lost = Sin conexión con Slack: no oigo lo que hacéis aquí. Los mensajes siguen llegando. El bot sigue intentándolo y leerá lo que se haya perdido.
notice-chat-back = Conectado a Slack de nuevo. Estoy leyendo lo que se dijo mientras tanto.
notice-chat-refused = Slack rechaza la conexión del bot ({ $why }): no oigo lo que hacéis aquí. Revisa el token de la aplicación y que Socket Mode esté activado; `sereno check` dice más.
notice-team-empty = El grupo { $group }, que bot.toml indica en user_group, está desactivado o no tiene miembros que puedan dar órdenes: ya no hace agente a nadie. Actívalo o añade gente en Slack, o indica otro grupo.
notice-room-unread = No puedo leer la sala { $room } ({ $why }), así que no sé si ha llegado lo último que publiqué allí. Queda en espera y no se vuelve a publicar entretanto. Invítame otra vez a la sala, o decide donde me ejecuto: `sereno outbox list` muestra lo que espera, `sereno outbox retry` lo publica de nuevo, `sereno outbox drop` lo descarta.
notice-room-unheard = No puedo leer lo que se dijo en la sala { $room } mientras no oía nada ({ $why }). Sigo intentándolo, y durante seis días no se pierde nada de ello. `sereno check` dice qué hacer.
notice-form-late = El formulario no se abrió a tiempo. Pulsa otra vez.
notice-form-taken = Este formulario ya se envió con el texto que tenía entonces, y eso es lo que vale. Ciérralo y ábrelo otra vez si quieres añadir algo.
notice-form-wait = Un momento…
notice-room-public = Es pública.
notice-room-shared = Está compartida con otra empresa.
notice-room-unknown = Slack no dice quién puede leerla.
notice-room-unencrypted = No está cifrada.
notice-room-open = Se puede entrar sin invitación.
notice-room-world-readable = Cualquiera puede leer su historial.
notice-room-bridged = Está unida a otra red.
