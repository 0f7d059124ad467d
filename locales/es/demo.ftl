### demo: see CONTRIBUTING.md; both languages hold the same codes with the same arguments.

## Around the story
demo-welcome = Bienvenida, bienvenido a la atención al cliente de Líneas Alborada, una naviera que no existe. Sus pasajeros escriben en la plaza, una pequeña red dentro de este programa. El tiempo corre { $speed } veces más deprisa; una respuesta espera { $undo } de la historia ({ $real } de los tuyos) por si la deshaces, y luego sale.
demo-welcome-type = Escribe: tomar 1 · borrador 1 Estamos en ello · responder 1 (envía el borrador; o responder 1 y tu texto) · privado 1 · resolver 1 · lista · resumen · ayuda · salir
demo-welcome-script = Se lee un guion: cada línea espera al caso que nombra y a la respuesta de la anterior; el final, a lo que aún tenga que salir.
demo-welcome-auto = Una persona sensata del equipo atiende toda la historia; después se compara lo que el equipo vio y envió con los libros de la propia plaza.
demo-kept = Todo lo que guardó el bot está en { $path }.
demo-farewell = Por hoy se acabaron los ferris. En el disco no queda nada de esto.
demo-farewell-kept = Por hoy se acabaron los ferris.
demo-sabotage-lose = A propósito, el bot no se enterará de una publicación.
demo-sabotage-double = A propósito, una respuesta se enviará dos veces.
demo-sabotage-stuck = A propósito, una respuesta no llegará nunca.
demo-unfinished = La historia no llegó a su fin.

## What the judge found
demo-problem-lost = PERDIDA: nadie vio { $post } de { $who }: «{ $text }»
demo-problem-not-published = PERDIDA: la respuesta aprobada del caso #{ $number } nunca se publicó; era para { $post } de { $who }: «{ $text }»
demo-problem-shown-twice = REPETIDA: se mostró { $number } veces: { $post } de { $who }: «{ $text }»
demo-problem-two-cases = REPETIDA: una conversación acabó en dos casos; el #{ $number } empieza con { $post } de { $who }: «{ $text }»
demo-problem-published-twice = REPETIDA: la respuesta del caso #{ $number } está publicada más veces de las aprobadas, bajo { $post } de { $who }: «{ $text }»
demo-problem-published-though-stopped = MAL: una respuesta del caso #{ $number } se publicó aunque estaba detenida, bajo { $post } de { $who }: «{ $text }»
demo-problem-not-approved = MAL: hay una respuesta que nadie aprobó bajo { $post } de { $who }: «{ $text }»
demo-problem-wrong-text = MAL: bajo { $post } de { $who } hay un texto distinto del aprobado en el caso #{ $number }: «{ $text }»
demo-problem-wrong-target = MAL: una respuesta del caso #{ $number } está bajo otra publicación, { $post } de { $who }: «{ $text }»
demo-problem-wrong-account = MAL: una respuesta del caso #{ $number } salió de una cuenta a la que nadie se dirigía, bajo { $post } de { $who }: «{ $text }»
demo-problem-wrong-audience = MAL: lo que era público salió en privado, o al revés, en el caso #{ $number }: { $post } de { $who }: «{ $text }»
demo-problem-wrong-person = MAL: el caso #{ $number } toma por cliente a quien no lo es: { $post } de { $who }: «{ $text }»
demo-problem-shown-unknown = MAL: se mostró, pero nadie la escribió en la plaza: { $post }
demo-problem-shown-stranger = MAL: se mostró, aunque no tiene que ver con la empresa: { $post } de { $who }: «{ $text }»
demo-problem-own-reply-shown = MAL: { $post }, que es de la propia empresa, se tomó por ajena: «{ $text }»
demo-problem-still-shown = MAL: su autor la borró y el chat aún muestra { $post } de { $who }: «{ $text }»
demo-problem-old-text = MAL: su autor la cambió y el chat no muestra el texto nuevo de { $post } de { $who }: «{ $text }»
demo-problem-left = ATASCADA EN LA SALIDA: entrada { $number }, sobre { $post } de { $who }: «{ $text }»

## What the member of staff says, in the customer's language
demo-say-bike = ¡Hola! La bici viaja gratis en todos los ferris de Alborada a Isla Menor. Solo hay que estar en el muelle 20 minutos antes.
demo-say-dog = ¡Hola! Los perros grandes pueden ir en la cubierta exterior, con correa y bozal; los pequeños también dentro, en transportín.
demo-say-access = ¡Hola! Sí: la terminal de Puerto Claro no tiene escalones desde el aparcamiento hasta la rampa, y la tripulación ayuda con la silla de ruedas. Pregunta en la taquilla 1.
demo-say-seat = Sentimos lo del asiento. Acabamos de avisar a mantenimiento y queda bloqueado hasta que esté reparado.
demo-say-luggage = Lo sentimos. En objetos perdidos, en el muelle, tienen lo que aparece a bordo: 555 0142, todos los días de 8 a 20 h.
demo-say-running = ¡Hola! Ese barco sale, y a su hora. Cualquier cambio lo verás en nuestra página de salidas.
demo-say-press = Gracias por preguntar. Una avería retuvo los barcos de la tarde en Puerto Claro; ya ha embarcado todo el mundo y los reembolsos están en marcha.
demo-say-prize = ¡Enhorabuena! Enseña el billete en cualquier taquilla y te reservan el viaje de ida y vuelta. Vale hasta fin de año.
demo-say-queue = Sentimos la espera: acabamos de abrir otro mostrador. Gracias por avisar.
demo-say-delay = Sentimos muchísimo este retraso. Una avería ha parado el barco; hay otro en camino y se está repartiendo agua en el muelle.
demo-say-delay-again = Haces bien en insistir. El barco de sustitución atraca en menos de media hora, y embarcará todo el que espera en el muelle.
demo-say-thanks = ¡Mil gracias por estas palabras! Se las hemos pasado a la tripulación.
demo-say-calm = Vemos que algo ha ido mal y queremos arreglarlo. Cuéntanos qué ha pasado y lo miramos.
demo-say-ask = Lo sentimos mucho. ¿Nos dices tu localizador para que podamos mirarlo?
demo-say-promise = Lo sentimos y queremos resolverlo hoy mismo. Te escribimos ahora por privado.
demo-say-again = Gracias por contarnos más. Ya lo hemos pasado y te respondemos por aquí.
demo-say-general = ¡Hola! Gracias por avisar. Lo estamos mirando y te respondemos por aquí.
demo-say-handoff = Hola, somos el equipo de Alborada. Mándanos tu localizador por aquí, donde solo lo leemos nosotros. Tu referencia es { $code }.
demo-say-refunded = ¡Gracias! Ya lo hemos encontrado y corregido; lo verás en tu cuenta en dos días como mucho.
demo-say-name-changed = ¡Hola! Sí, se puede: hemos cambiado el nombre de tu reserva y tienes el billete nuevo en el correo.
demo-say-press-tag = prensa
