### Fichas, entradas de los hilos, listas, resúmenes: etiquetas y frases.

## Cómo se leen los momentos y las duraciones

month-1 = ene
month-2 = feb
month-3 = mar
month-4 = abr
month-5 = may
month-6 = jun
month-7 = jul
month-8 = ago
month-9 = sept
month-10 = oct
month-11 = nov
month-12 = dic
moment-day = { $day } { $month } { $time }
moment-year = { $day } { $month } { $year } { $time }
moment-date = { $day } { $month } { $year }

# Dentro de una frase: tras «hasta» o «desde» (clock, day, year), y como adverbio (at-…). `clock-one`: es la una.
moment-clock = las { $time }
moment-clock-one = la { $time }
moment-on-day = el { $day } { $month } a { $clock }
moment-on-year = el { $day } { $month } { $year } a { $clock }
moment-at-clock = a { $clock }
moment-at-day = { $date }
unit-day = d
unit-hour = h
unit-minute = min
unit-second = s

## Códigos del núcleo

status-new = nuevo
status-open = abierto
status-waiting = a la espera del cliente
status-private = en privado
status-snoozed = aplazado
status-resolved = resuelto
status-quarantined = oculto
status-merged = fusionado

priority-low = baja
priority-normal = normal
priority-high = alta
priority-urgent = urgente

role-viewer = lector
role-agent = agente
role-lead = responsable
role-operator = operador

reason-thanks = da las gracias
reason-question = una pregunta
reason-angry = palabras de enfado
reason-insult = insultos
reason-alarm-word = la palabra «{ $word }»
reason-audience = { $count ->
    [one] lo lee 1 seguidor
   *[other] lo leen { $count } seguidores
}
reason-spreading = { $count ->
    [one] difundido 1 vez
   *[other] difundido { $count } veces
}
reason-returning = { $count ->
    [one] 1 caso anterior
   *[other] { $count } casos anteriores
}
reason-new-account = { $count ->
    [one] cuenta de 1 día
   *[other] cuenta de { $count } días
}
reason-automated = cuenta automática
reason-spam-word = la palabra «{ $word }» de la lista de spam
reason-link-farm = casi solo enlaces o etiquetas
reason-by-hand = a mano

lang-ca = catalán
lang-de = alemán
lang-en = inglés
lang-es = español
lang-eu = euskera
lang-fr = francés
lang-gl = gallego
lang-it = italiano
lang-pt = portugués
lang-ar = árabe
lang-ja = japonés
lang-nl = neerlandés
lang-pl = polaco
lang-ro = rumano
lang-ru = ruso
lang-sv = sueco
lang-tr = turco
lang-uk = ucraniano
lang-zh = chino
lang-und = un idioma desconocido

media-image = Imagen
media-video = Vídeo
media-audio = Sonido
media-other = Adjunto
media-no-description = sin descripción

## Botones

action-claim = Tomar
action-draft = Borrador
action-reply = Responder
action-posted = Contestado a mano
action-handoff = Pasar a privado
action-dm = Escribir en privado
action-resolve = Resolver
action-reopen = Reabrir
action-approve = Aprobar
action-reject = Rechazar
action-discard = Descartar
action-undo = Deshacer
action-spam = Spam
action-restore = Recuperar
action-retract = Retirar
action-correct = Corregir
action-send = Enviar
action-edit = Editar
action-cancel = Cancelar
action-note = Nota
action-escalate = Escalar

## Formularios

form-cancel = Cancelar
form-route-public = De { $account } a { $target }, en público
form-route-private = De { $account } a { $target }, en privado
form-price = Cuesta { $price } dólares
form-price-links = Cuesta { $price } dólares, con un enlace { $linked }
form-label-public = Respuesta
form-label-private = Mensaje privado
form-label-draft = Borrador
form-label-team = Para el equipo
form-label-address = Dirección de la respuesta, cuando ya la hayas escrito allí
form-label-why = Por qué
form-paused = Los envíos están detenidos: espera hasta `{ $resume }`.
form-owned = { $agent } lleva este caso.
form-claims = Nadie lleva aún este caso; al enviar esto pasa a ser tuyo.
form-approval = Una persona responsable lo aprueba antes de que salga.
form-other-draft = { $agent } ha dejado un borrador; lo que escribas ocupa su lugar.
form-held = Una respuesta de este caso está retenida, porque { $reason }. Lo que escribas ocupa su lugar.
form-awaiting = Una respuesta de { $agent } espera aprobación; lo que escribas ocupa su lugar.

## Quién y qué

who-followers = { $count ->
    [one] 1 seguidor
   *[other] { $count } seguidores
}
who-new-account = { $count ->
    [0] cuenta creada hoy
    [one] cuenta de 1 día
   *[other] cuenta de { $count } días
}
who-bot = cuenta automática
who-earlier = { $count ->
    [one] 1 caso anterior
   *[other] { $count } casos anteriores
}
who-profile = perfil
post-warning = Aviso de contenido: { $text }
post-deleted = Borrado por su autor.
post-private = Mensaje privado; el texto solo se ve en una sala privada.
post-edited = { $count ->
    [one] editado 1 vez
   *[other] editado { $count } veces
}
post-followers-only = visible solo para sus seguidores
post-by-hand-link = escribirla allí
card-by-hand = La red solo admite una respuesta de una persona; cuando esté, `publicado { $n } <su dirección>`:
card-answers-closed = La red no deja que nadie conteste a esta publicación.
post-answers = Responde a { $who }: “{ $text }”
post-answers-us = Responde a nuestra publicación: “{ $text }”
post-quotes = Cita a { $who }: “{ $text }”
post-quotes-us = Cita nuestra publicación: “{ $text }”
post-link = original
post-missing = El mensaje ya no está aquí.

## La ficha

card-status = Estado: { $status }
card-owner = lo lleva { $owner }
home-card = ficha
card-no-owner = sin asignar
card-snoozed = hasta { $until }
card-priority = Prioridad: { $priority }
card-because = por: { $reasons }
card-due = plazo hasta { $due }
card-overdue = fuera de plazo desde { $due }
card-where = { $network } · nuestra cuenta { $account } · el cliente escribe en { $lang }
card-caught = encontrado por la regla «{ $rule }»
spread-reposts = { $count ->
    [one] difundido 1 vez
   *[other] difundido { $count } veces
}
spread-replies = { $count ->
    [one] 1 respuesta
   *[other] { $count } respuestas
}
spread-likes = { $count ->
    [one] 1 favorito
   *[other] { $count } favoritos
}
card-code = Código para el cliente: { $code }
card-tags = Etiquetas: { $tags }
card-others = Y { $count } publicaciones de otras personas. Las más antiguas están solo en el chat.
card-more = { $count ->
    [one] 1 mensaje más del cliente en el hilo
   *[other] { $count } mensajes más del cliente en el hilo
}
card-draft = Borrador { $draft } de { $agent }, { $length } de { $max } caracteres
card-handoff = Hay una conversación privada abierta.
card-invited = Se le ha pedido en público que nos escriba en privado.
card-route-one-shot = Hasta { $until } se le puede escribir en privado, una vez; más cuando conteste.
card-route-window = Hasta { $until } se le puede escribir en privado.
card-route-link = No admite mensajes privados nuestros: al derivar se contesta en público, con un enlace para que nos escriba.
card-route-in-public = Tiene que escribirnos en privado primero: al derivar se le pide en público.
card-route-none = En esta red no hay mensajes privados.
card-unseen-private = La red no deja ver a sereno los mensajes cifrados: mira también allí.
card-links = Enlazado con: { $cases }
card-merged = Continúa en { $case }.
card-hidden = oculto por: { $reason }
card-resolved-by-agent = por el equipo { $at }
card-resolved-by-customer = confirmado por el cliente { $at }

## Envíos

send-reply = la respuesta pública
send-handoff = el mensaje privado
send-dm = el mensaje privado
send-retract = la retirada de nuestra respuesta
send-correct = la corrección de nuestra respuesta
send-line = De { $account } a { $target } · { $length } de { $max } caracteres
send-line-textless = De { $account } a { $target }
send-price = { $price } dólares
send-private = Texto privado; solo se ve en una sala privada.
send-awaiting-approval = Falta aprobar { $kind }.
send-waiting = Sale { $kind } { $at }.
send-held = Se retiene { $kind }, porque { $reason }.
send-in-flight = Está saliendo { $kind }.
send-unknown = No se sabe si { $kind } ha llegado a la red.
send-published = Se publicó { $kind } { $at }
send-published-private = Se entregó { $kind } { $at }
send-published-retract = Se retiró nuestra respuesta { $at }
send-published-correct = Se corrigió nuestra respuesta { $at }
send-stopped = No salió { $kind }, porque { $reason }
send-taken-back = Después se retiró { $kind }.
send-countdown = Sale en { $span }. `deshacer { $n }` lo detiene.
send-published-link = enlace
send-pictures = { $count ->
    [one] Con una imagen
   *[other] Con { $count } imágenes
}
send-pictures-named = { $count ->
    [one] Con una imagen:
   *[other] Con { $count } imágenes:
}
send-picture = ({ $kind }, { $size } KB)
send-approved-by = Aprobado por { $agent }

## Entradas de los hilos

event-opened = Se abrió el caso.
event-opened-linked = Se abrió el caso; está enlazado con { $case }.
event-joined = El cliente ha vuelto a escribir:
event-other-spoke = Otra persona en la conversación, no el cliente:
event-dm-received = El cliente ha escrito en privado:
event-other-handoffs = Este cliente tiene otras conversaciones privadas con nosotros: { $others }. Si el mensaje es de una de ellas, `fusionar { $n } { $other }` hace que este caso siga en esa, y `enlazar { $n } { $other }` las relaciona.
event-edited = Cambiado por su autor:
event-deleted = Borrado por su autor:
event-posted-by-hand = { $agent } ha contestado a mano:
event-answered-outside = Nuestra cuenta ha contestado fuera de sereno:
event-spoke-outside = Nuestra cuenta ha escrito a otra persona de la conversación, fuera de sereno; el cliente sigue esperando:
event-claimed = { $agent } ha tomado el caso.
event-released = { $agent } ha soltado el caso.
event-assigned = { $agent } ha asignado el caso a { $colleague }.
event-noted = Nota de { $agent }:
event-tagged = { $agent } ha puesto la etiqueta { $tag }.
event-untagged = { $agent } ha quitado la etiqueta { $tag }.
event-priority-set = { $agent } ha puesto la prioridad { $priority }.
event-priority-raised = La prioridad sube a { $priority }: { $reason }.
event-snoozed = { $agent } ha aplazado el caso hasta { $until }.
event-woke = Ha llegado el momento hasta el que se aplazó el caso.
event-overdue = Nadie ha contestado a tiempo.
event-escalated = { $agent } pide ayuda.
event-escalated-why = { $agent } pide ayuda:
event-drafted = Borrador { $draft } de { $agent }, { $length } de { $max } caracteres:
event-drafted-priced = Borrador { $draft } de { $agent }, { $length } de { $max } caracteres, { $price } dólares:
event-discarded = { $agent } ha descartado el borrador { $draft }.
event-approval-asked = { $agent } pide a un responsable que apruebe { $kind }:
event-approved = { $agent } ha aprobado { $kind }.
event-rejected = { $agent } ha rechazado { $kind }.
event-rejected-why = { $agent } ha rechazado { $kind }:
event-queued = { $agent } envía { $kind }:
event-queued-again = Esto seguía esperando cuando sereno volvió a arrancar ({ $kind }) y sale si nadie lo deshace:
event-held = Se retiene { $kind }, porque { $reason }. Con `responder { $n }` sale de todos modos, con `descartar { $n }` se abandona.
event-stopped = No se ha enviado { $kind }, porque { $reason }.
event-in-doubt = No se sabe si { $kind } ha llegado a la red. Se está comprobando y no se repite antes; si no se puede averiguar, míralo allí y escribe `sereno outbox retry` o `sereno outbox drop` con su número.
event-undelivered = No se ha podido entregar { $kind }. `sereno outbox list` muestra su número y `sereno outbox retry` lo intenta otra vez.
event-undelivered-said = No se ha podido entregar { $kind }. `sereno outbox list` muestra su número y `sereno outbox retry` lo intenta otra vez. Motivo:
event-published = Se ha publicado { $kind }
event-published-private = Se ha entregado { $kind }
event-published-retract = Se ha retirado nuestra respuesta
event-published-correct = Se ha corregido nuestra respuesta
event-stood-after-all = Se había descartado, pero al final está en la red: { $kind }
event-answer-gone = Alguien ha borrado en la propia red, no desde sereno, { $kind }.
event-resolved-by-agent = { $agent } ha resuelto el caso.
event-resolved-by-customer = El cliente ha confirmado que está resuelto; el caso queda resuelto.
event-reopened = { $agent } ha reabierto el caso.
event-reopened-by-customer = El cliente no ha quedado conforme; el caso se reabre.
event-merged-from = El caso { $case } se ha fusionado con este.
event-merged-into = Este caso se ha fusionado y continúa en { $case }.
event-linked = Enlazado con { $case }.
event-erased = Se ha quitado lo que venía de { $case }, que está borrado.
event-hidden = Oculto como ruido: { $reason }. `recuperar { $n }` lo trae de vuelta.
event-restored = { $agent } ha recuperado el caso.
event-undone = { $agent } ha deshecho `{ $verb }`.

## Listas, historiales, la bandeja de salida

list-open = { $count ->
    [0] No hay ningún caso abierto.
    [one] 1 caso abierto
   *[other] { $count } casos abiertos, los más urgentes primero
}
list-mine = { $count ->
    [0] No llevas ningún caso abierto.
    [one] Llevas 1 caso abierto
   *[other] Llevas { $count } casos abiertos
}
list-unclaimed = { $count ->
    [0] Todos los casos abiertos tienen quien los lleve.
    [one] 1 caso sin asignar
   *[other] { $count } casos sin asignar
}
list-spam = { $count ->
    [0] No hay nada oculto.
    [one] 1 caso oculto; `recuperar` lo trae de vuelta
   *[other] { $count } casos ocultos; `recuperar` los trae de vuelta
}
list-shown = del { $first } al { $last }, de { $total }
list-next-open = `lista { $page }` muestra los { $count } siguientes.
list-next-mine = `lista míos { $page }` muestra los { $count } siguientes.
list-next-unclaimed = `lista libres { $page }` muestra los { $count } siguientes.
list-next-spam = `lista spam { $page }` muestra los { $count } siguientes.
list-no-page = { $pages ->
    [one] No hay página { $page }: solo hay una.
   *[other] No hay página { $page }: solo hay { $pages }.
}
list-post-deleted = (borrado por su autor)
list-post-private = (mensaje privado)
list-post-media = (sin texto; imagen, vídeo o audio)
list-post-empty = (sin texto)
history-more = Solo se muestran los primeros { $count } de { $total }.
history-title = Historial de { $case }
outbox-title = { $count ->
    [0] La bandeja de salida está vacía.
    [one] 1 entrada en la bandeja de salida
   *[other] { $count } entradas en la bandeja de salida
}
outbox-card = ficha
outbox-card-update = cambio de la ficha
outbox-thread-entry = entrada del hilo
outbox-entry-update = cambio de una entrada del hilo
outbox-notice = aviso
outbox-erased = aviso de un caso borrado
outbox-digest = resumen
outbox-send = envío
outbox-to-room = a la sala { $room }
outbox-to-account = desde la cuenta { $account }
outbox-queued = en espera
outbox-in-flight = en camino
outbox-unknown = en duda
outbox-dead = abandonada: { $why }
outbox-due = hasta { $due } como poco
outbox-attempts = { $count ->
    [one] 1 intento
   *[other] { $count } intentos
}
help-title = Órdenes
help-thread = En el hilo de un caso puedes omitir su número.
help-more = `ayuda responder` explica una orden.
help-more-all = `ayuda responder` explica una orden; `ayuda todo`, cada una.
help-first-claim = `tomar 42` toma un caso
help-first-draft = `borrador 42 Lo estamos mirando` apunta una respuesta
help-first-reply = `responder 42` la envía; con un texto detrás, envía ese texto
help-first-note = `nota 42 He llamado al almacén` deja una nota a los compañeros
help-first-resolve = `resolver 42` cierra el caso
help-first-list = `lista` muestra los casos abiertos
help-group-answers = Respuestas: { $names }
help-group-case = Casos: { $names }
help-group-look = Para consultar: { $names }
help-group-desk = El servicio entero: { $names }
help-also = También: { $names }
help-role = Para: { $role }
help-role-not-yours = Para: { $role }, o superior. Tú no puedes dar esta orden; un responsable puede ayudarte.
help-others = { $count ->
    [one] Hay 1 orden más, para un rol superior al tuyo.
   *[other] Hay { $count } órdenes más, para un rol superior al tuyo.
}

## El resumen

digest-title-day = Resumen del { $day }
digest-title-days = Resumen del { $day } al { $last }
digest-new = { $count ->
    [one] 1 caso nuevo
   *[other] { $count } casos nuevos
}
digest-by-network = Por red: { $list }
digest-cost = Coste de { $account } en { $month }: { $spent } dólares ({ $list })
digest-cost-budget = Coste de { $account } en { $month }: { $spent } de { $budget } dólares ({ $list })
digest-act-post-read = publicaciones leídas
digest-act-user-read = perfiles leídos
digest-act-mention-read = menciones leídas
digest-act-dm-read = mensajes privados leídos
digest-act-post = publicaciones
digest-act-post-with-link = respuestas con enlace
digest-act-reply = respuestas
digest-act-dm = mensajes privados
digest-answered = { $count ->
    [one] 1 caso recibió su primera respuesta
   *[other] { $count } casos recibieron su primera respuesta
}
digest-replies = { $count ->
    [one] 1 respuesta pública enviada
   *[other] { $count } respuestas públicas enviadas
}
digest-times = Primera respuesta: mediana { $median }, 9 de cada 10 en { $p90 }, { $percent } % a tiempo
digest-no-times = Primera respuesta: ninguna en este periodo
digest-open = { $count ->
    [0] No queda ningún caso abierto
    [one] 1 caso abierto
   *[other] { $count } casos abiertos
}
digest-oldest = el más antiguo desde hace { $span }
digest-was-open = { $count ->
    [0] Al acabar no quedaba ningún caso abierto
    [one] Al acabar quedaba 1 caso abierto
   *[other] Al acabar quedaban { $count } casos abiertos
}
digest-open-unknown = No consta cuántos casos quedaban abiertos al acabar
digest-handoffs = { $count ->
    [one] 1 caso pasó a privado
   *[other] { $count } casos pasaron a privado
}
digest-resolved = { $count ->
    [one] 1 caso resuelto
   *[other] { $count } casos resueltos
}
digest-confirmed = { $count ->
    [0] ninguno confirmado por su cliente
    [one] 1 confirmado por su cliente
   *[other] { $count } confirmados por sus clientes
}
digest-reopened = { $count ->
    [0] Ningún caso reabierto
    [one] 1 caso reabierto
   *[other] { $count } casos reabiertos
}
digest-hidden = { $count ->
    [0] Nada oculto como ruido
    [one] 1 caso oculto como ruido; `lista spam` lo muestra
   *[other] { $count } casos ocultos como ruido; `lista spam` los muestra
}
digest-by-agent = Respuestas por persona: { $list }
digest-bar-new = Casos nuevos
digest-bar-answered = Con respuesta
digest-bar-replies = Resp. públicas
digest-bar-handoffs = En privado
digest-bar-resolved = Resueltos
digest-bar-reopened = Reabiertos
digest-bar-hidden = Ocultos
digest-bar-open = Abiertos

## El chat de la consola

console-welcome = Este terminal es el chat del equipo. Escribe `ayuda` para ver las órdenes; una línea vacía o charlar no envía nada.
console-bad-json = Esta línea no es JSON ({ $why }). Envía un objeto por línea, por ejemplo: { $example }
console-no-object = Esta línea es JSON, pero no un objeto. Envía por ejemplo: { $example }
console-field-missing = Falta el campo «{ $field }». Envía por ejemplo: { $example }
console-field-text = El campo «{ $field }» tiene que ser una cadena. Envía por ejemplo: { $example }
console-field-length = El campo «{ $field }» tiene que tener de 1 a { $max } bytes. Envía por ejemplo: { $example }
console-field-case = El campo «{ $field }» tiene que ser el número de un caso, como 42 o "#42". Envía por ejemplo: { $example }
console-field-unknown = No existe el campo «{ $field }». Se admiten: { $known }. Envía por ejemplo: { $example }
console-lang-unknown = Aquí no se habla «{ $given }». Se admiten: { $known }. Envía por ejemplo: { $example }
console-field-neither = No trae ni "line" ni "verb". Envía por ejemplo: { $example }
console-field-verb = El campo "{ $field }" debe ser una sola palabra, el nombre de una orden; el caso va en "case" y lo demás en "text". Envía por ejemplo: { $example }
console-field-twice = El campo "{ $field }" está dos veces y no se puede saber cuál vale. Envía por ejemplo: { $example }
console-field-hidden = El campo "{ $field }" contiene caracteres que no se ven. Quítalos. Envía por ejemplo: { $example }
console-field-both = Pon «line», o bien «verb» con «case» y «text» si hacen falta. Envía por ejemplo: { $example }
console-too-long = Esta línea pasa de { $max } bytes y no se ha leído. Acórtala.
console-bad-utf8 = Esta línea no es UTF-8 y no se ha leído.
console-stopping = No se ha hecho: sereno se está deteniendo. Repítelo cuando funcione.

## En Slack

slack-cut = … Cortado aquí: Slack no admite mensajes más largos.
slack-cut-see = … Cortado aquí: Slack no admite mensajes más largos. Entero:
slack-form-length = { $length } de { $max } caracteres
slack-form-too-long = { $length } de { $max } caracteres: demasiado largo para enviarlo
slack-form-too-big = El borrador pasa de los { $max } caracteres que caben en este formulario, así que no se muestra. Lo que envíes desde aquí ocupará su lugar.
slack-form-canned = Respuestas preparadas
matrix-cut = … Cortado aquí: Matrix no admite mensajes más largos.
matrix-sealed = Todavía no puedo descifrar este mensaje; se leerá en cuanto llegue su clave.
matrix-given-up = Nadie me ha enviado la clave de este mensaje, así que lo doy por perdido: no lo he leído. Escríbelo de nuevo.
matrix-replaced = Esta sala se ha sustituido por { $room }. Me quedo en esta hasta que bot.toml indique la otra: pon su id en lugar del de esta, invítame allí y vuelve a arrancarme. Los casos que tienen aquí su tarjeta la conservan aquí.
matrix-deaf = No puedo leer lo que se dijo aquí mientras no estaba ({ $why }), así que no hago nada de lo que se dice aquí desde entonces. No se pierde nada: vuelvo a intentarlo, y después lo hago todo en su orden.
matrix-gap-lost = El servidor no me enseña lo que se dijo aquí mientras no estaba ({ $why }). Quien me dijera algo entonces: mira si se hizo, y dímelo otra vez si no.
