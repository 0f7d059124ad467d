### commands: see CONTRIBUTING.md; both languages hold the same codes with the same arguments.

## Qué hace cada orden
help-claim = Te quedas con el caso. Gana quien llega primero; a los demás se les dice quién lo tiene.
help-release = Sueltas tu caso. Los responsables pueden soltar el de cualquiera.
help-assign = Da el caso a un compañero (responsables) o a ti.
help-note = Escribe una nota para los compañeros. Nunca sale del chat.
help-tag = Pone una etiqueta al caso; con un signo menos delante, la quita.
help-priority = Fija la urgencia: baja, normal, alta o urgente. Ya no cambia sola.
help-snooze = Aplaza el caso un tiempo; vuelve solo.
help-escalate = Pide ayuda: el caso pasa a ser urgente.
help-draft = Apunta una respuesta sin enviarla. Pasa a ser el borrador del caso. {"{code}"}, {"{case}"}, {"{handle}"} y {"{agent}"} se rellenan ya, como en todo lo que va a un cliente. En Slack van también las imágenes del mismo mensaje, si la red las admite.
help-reply = Responde en público, tras un momento en el que `deshacer` la para. Sin texto envía el borrador con sus imágenes, o la respuesta que estaba retenida. En Slack van también las imágenes del mismo mensaje.
help-posted = Anota una respuesta que has escrito en la propia red, donde solo las admite de personas. Después, el caso espera al cliente.
help-approve = Deja salir una respuesta pendiente de un segundo par de ojos. No la tuya. Si el texto acaba de cambiar, hace falta también su número: `aprobar 42 2`.
help-reject = No da salida a una respuesta que espera; puedes decir por qué. El texto vuelve a ser el borrador.
help-discard = Descarta el borrador o, si no hay, la respuesta retenida o pendiente de aprobación.
help-retract = Retira nuestra última respuesta publicada: se borra en la red.
help-correct = Cambia el texto de nuestra última respuesta publicada.
help-handoff = Invita al cliente a una conversación privada. Tu texto puede llevar {"{code}"}, {"{case}"}, {"{handle}"} y {"{agent}"}.
help-dm = Escribe al cliente en la conversación privada que se abrió con `privado`.
help-resolve = Da el caso por resuelto. Si el cliente vuelve a escribir, se abre otra vez.
help-reopen = Vuelve a abrir un caso resuelto.
help-merge = Fusiona dos casos del mismo cliente: con `fusionar 42 43`, el #42 sigue en el #43.
help-link = Enlaza dos casos que van juntos; cada uno muestra el otro.
help-spam = Oculta el caso como ruido. `lista spam` lo enseña y `recuperar` lo trae de vuelta.
help-restore = Recupera un caso oculto.
help-history = Muestra todo lo que ha pasado en el caso.
help-list = Lista casos, de veinte en veinte: abiertos (lo normal), míos, libres o spam.
help-digest = Muestra las cifras de hoy, de ayer, de la semana o de un día cualquiera.
help-pause = Para todos los envíos a las redes hasta `reanudar`.
help-resume = Los envíos siguen tras una `pausa`.
help-reload = Lee otra vez bot.toml.
help-undo = Para una respuesta a tiempo, o deshace lo último que hiciste en el caso.
help-help = Lista las órdenes que puedes dar, o explica una.

## Cómo se escribe cada una (en el hilo del caso sobra el número)
usage-claim = `tomar 42`
usage-release = `soltar 42`
usage-assign = `asignar 42 ana`
usage-note = `nota 42 He llamado al almacén`
usage-tag = `etiqueta 42 devolución`, o `etiqueta 42 -devolución`
usage-priority = `prioridad 42 alta`
usage-snooze = `aplazar 42 2h`, o `30m`, `1d`
usage-escalate = `escalar 42 Que lo vea legal`
usage-draft = `borrador 42 Lo estamos mirando`
usage-reply = `responder 42 Lo estamos mirando`
usage-posted = `publicado 42 https://example.org/nuestra/respuesta`
usage-approve = `aprobar 42`, o `aprobar 42 2`
usage-reject = `rechazar 42 Demasiado seco`
usage-discard = `descartar 42`
usage-retract = `retirar 42`
usage-correct = `corregir 42 La oficina abre a las nueve`
usage-handoff = `privado 42`
usage-dm = `md 42 Gracias, ya tengo tu reserva`
usage-resolve = `resolver 42`
usage-reopen = `reabrir 42`
usage-merge = `fusionar 42 43`
usage-link = `enlazar 42 43`
usage-spam = `spam 42`
usage-restore = `recuperar 42`
usage-history = `historial 42`
usage-list = `lista`, o `lista míos`, `lista libres`, `lista spam`; `lista 2` para la segunda página
usage-digest = `resumen`, o `resumen ayer`, `resumen semana`, `resumen 2026-11-20`
usage-pause = `pausa`
usage-resume = `reanudar`
usage-reload = `recargar`
usage-undo = `deshacer 42`
usage-help = `ayuda`, o `ayuda todo`, `ayuda responder`

# What can stand there.
values-priority = baja, normal, alta, urgente
values-list = abiertos, míos, libres, spam, o una página a partir de la 1
values-digest = hoy, ayer, semana, o un día como 2026-11-20

## Respuestas
done-claim = { $case } es tuyo.
done-release = { $case } vuelve a estar libre.
done-assign = { $case } lo lleva ahora { $agent }.
done-note = Anotado en { $case }. No sale de aquí.
done-tag = { $case } lleva la etiqueta { $tag }.
done-untag = { $case } ya no lleva la etiqueta { $tag }.
done-priority = { $case } tiene prioridad { $priority }.
done-snooze = { $case } queda aplazado hasta { $until }.
done-escalate = { $case } es ahora urgente, y así consta en su hilo.
done-draft = Borrador de { $case } apuntado: { $length } de { $max } caracteres. Se envía con `responder { $n }`.
done-draft-too-long = Borrador de { $case } apuntado, pero es demasiado largo para enviarlo: { $length } caracteres, { $max } como mucho.
done-draft-unaddressed = Borrador de { $case } apuntado, pero ya no queda ninguna publicación del cliente a la que responder.
done-reply = { $case }: sale en público como { $account } para { $to } en { $window } ({ $length } de { $max } caracteres). Se para con `deshacer { $n }`.
done-posted = { $case }: anotado. Ahora espera al cliente.
done-handoff = { $case }: mensaje privado a { $to } como { $account } en { $window } ({ $length } de { $max } caracteres). Se para con `deshacer { $n }`.
done-handoff-in-public = { $case }: una respuesta pública a { $to } como { $account } le pide un mensaje privado, en { $window } ({ $length } de { $max } caracteres). Se para con `deshacer { $n }`.
done-dm = { $case }: mensaje privado a { $to } como { $account } en { $window } ({ $length } de { $max } caracteres). Se para con `deshacer { $n }`.
done-correct = { $case }: nuestra respuesta a { $to } como { $account } cambia en { $window } ({ $length } de { $max } caracteres). Se para con `deshacer { $n }`.
done-retract = { $case }: nuestra respuesta a { $to } como { $account } se retira en { $window }. Se para con `deshacer { $n }`.
done-approve = { $case }: aprobado. Esto sale como { $account } para { $to } en { $window } ({ $length } de { $max } caracteres); `deshacer { $n }` lo para:
done-send-approval = { $case }: espera a que un responsable la apruebe (`aprobar { $n }`); después sale como { $account } para { $to } ({ $length } de { $max } caracteres).
done-send-paused = { $case }: los envíos están detenidos. Sale como { $account } para { $to } ({ $length } de { $max } caracteres) cuando un responsable los reanude (`reanudar`), y no antes de { $window }. `deshacer { $n }` lo impide.
done-reject = { $case }: rechazada; no sale nada. El texto vuelve a ser el borrador.
done-discard = El borrador de { $case } queda descartado.
done-discard-send = { $case }: queda descartada la respuesta que esperaba; no va a salir.
done-resolve = { $case } queda resuelto.
done-reopen = { $case } vuelve a estar abierto.
done-merge = { $case } queda fusionado y sigue en { $other }.
done-link = { $case } y { $other } quedan enlazados.
done-spam = { $case } queda oculto. Vuelve con `recuperar { $n }`.
done-restore = { $case } queda recuperado y espera respuesta.
done-pause = No sale nada a las redes hasta `reanudar`.
done-resume = Los envíos siguen.
done-reload = Se está leyendo otra vez bot.toml.
done-undo = { $case }: `{ $verb }` queda deshecho.
done-undo-send = { $case }: parado a tiempo; no ha salido nada.
done-undo-reply = { $case }: parado a tiempo; no ha salido nada. El texto vuelve a ser el borrador y el caso sigue con quien lo lleva.
done-undo-handoff = { $case }: parado a tiempo; no ha salido nada. `privado { $n }` sin texto envía lo mismo después de todo.
done-undo-dm = { $case }: parado a tiempo; no ha salido nada. `md { $n }` sin texto envía lo mismo después de todo.

# Respuestas de `sereno outbox`.
done-outbox-retry = La entrada { $entry } se intenta otra vez.
done-outbox-drop = La entrada { $entry } se abandona.
done-parked-drop = { $count ->
    [one] Se ha dejado de guardar una cosa.
   *[other] Se han dejado de guardar { $count } cosas.
}
