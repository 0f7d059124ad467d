### La línea de órdenes, la configuración y lo que rodea al motor.

# What `sereno check` finds of a Mastodon account.
check-mastodon-account = sesión iniciada como { $handle }; publicaciones de hasta { $length } caracteres
check-mastodon-scope = el token tiene el permiso { $scope }
check-mastodon-no-scope = al token le falta el permiso { $scope }: crea uno nuevo que lo tenga en Preferencias → Desarrollo y ponlo donde apunta `token` en bot.toml
check-mastodon-token = el servidor no acepta el token ({ $why }): crea uno nuevo en Preferencias → Desarrollo y ponlo donde apunta `token` en bot.toml
check-mastodon-streaming = el canal de notificaciones se abre
check-mastodon-no-streaming = el canal de notificaciones no se abre ({ $why }): las menciones llegarán por consultas, más tarde; deja pasar los websockets hacia la dirección de streaming del servidor
check-mastodon-no-search = el servidor no ofrece búsqueda de publicaciones: las palabras clave solo se encuentran en su cronología local; añade etiquetas a las reglas de escucha
check-mastodon-unreachable = { $url } no responde ({ $why }): mira si base_url es correcta y si el servidor está en marcha
check-x-account = sesión iniciada como { $handle }
check-x-scopes = la cuenta no permitió todo lo necesario ({ $scopes }): inicia su sesión de nuevo: `sereno login x`
check-x-sign-in = X no deja entrar a la cuenta ({ $why }): inicia su sesión de nuevo: `sereno login x`
check-x-tokens-open = otras personas de esta máquina pueden leer { $file }, donde están sus tokens: dale `chmod 600`
check-x-app = X no conoce la app ({ $why }): mira si consumer_key y consumer_secret, o bearer_token, son los de la app
check-x-no-filtered = el plan de la app no tiene flujo filtrado ({ $why }): lo que pide [[listen]] se encuentra por búsqueda, unos minutos después
check-x-no-activity = el plan de la app no avisa de las menciones ({ $why }): se leen cada poll_seconds
check-x-webhook = X envía a { $url }
check-x-webhook-new = X aún no conoce { $url }: se le da a conocer cuando el bot está en marcha
check-x-webhook-lost = X ya no envía a { $url }, porque no respondió a su pregunta: mira si se llega desde fuera, con un certificado en el que todos confíen; se le vuelve a pedir a X cada hora
check-x-no-webhook = X no deja que la app tenga un webhook en { $url } ({ $why }): quita public_url y se escuchará el flujo
check-x-unreachable = { $url } no responde ({ $why }): mira si base_url es correcta y si X está en marcha
check-mastodon-not-api = { $url } no habla la API de Mastodon ({ $why }): pon en base_url la dirección del propio servidor, por ejemplo https://mastodon.example

cli-config-at = { $path }: { $what }
cli-config-at-line = línea { $line }: { $what }
cli-config-wrong = { $file } no se puede usar:
cli-config-hint = bot.toml.example explica cada clave; `sereno check` vuelve a leer el archivo.
cli-config-missing-file = { $file } no existe. Copia bot.toml.example con ese nombre y adáptalo, o indica otro archivo con --config.
cli-config-unreadable = no se puede leer { $file }: { $detail }
cli-config-too-large = el número es demasiado grande para cualquier clave
cli-config-syntax = esto no es TOML: { $detail }
cli-config-unknown-key = no existe la clave «{ $word }». Aquí se admiten: { $known }
cli-config-unknown-key-near = no existe la clave «{ $word }». ¿Querías decir «{ $near }»? Aquí se admiten: { $known }
cli-config-unknown-value = «{ $word }» no es ninguno de estos valores: { $known }
cli-config-unknown-value-near = «{ $word }» no es un valor conocido. ¿Querías decir «{ $near }»? Se admiten: { $known }
cli-config-type = el tipo del valor no es el que toca: { $detail }
cli-config-missing = falta esta clave
cli-config-empty = esto no puede estar vacío
cli-config-empty-word = una palabra vacía coincidiría con todo; quítala
cli-config-range = { $value } no vale: se admite de { $least } a { $most }
cli-config-time-zone = «{ $value }» no es una zona horaria. Usa un nombre de la IANA, como «Europe/Madrid» o «UTC»
cli-config-time-of-day = «{ $value }» no es una hora. Escríbela como «HH:MM», de «00:00» a «23:59»
cli-config-keyring-taken = el almacén guarda ahí otro archivo suyo y uno pisaría al otro: elige otro nombre
cli-config-keyring-inside = las claves no pueden estar dentro del directorio del almacén: quien copiara uno tendría las dos cosas
cli-config-no-chat = falta el chat del equipo: añade una tabla [chat.slack], [chat.matrix] o [chat.console]
cli-config-no-account = no hay ninguna cuenta: añade una tabla [[account]] con name, network, base_url y token
cli-config-account-name = «{ $value }» tiene espacios o caracteres de control; usa un nombre corto, como «acme»
cli-config-duplicate = el nombre «{ $value }» ya está usado; cada uno tiene que tener el suyo
cli-config-twin = la cuenta { $other } tiene el mismo servidor y el mismo token: con una basta
cli-config-unknown-network = «{ $value }» no es una red conocida. ¿Querías decir «{ $near }»? Se admiten: { $known }
cli-config-url = esta dirección no se puede usar. Escribe «https://servidor», sin usuario, contraseña ni consulta
cli-config-url-scheme = el token viajaría sin cifrar: escribe https:// (http:// es solo para 127.0.0.1, ::1 y localhost)
cli-config-secret = los secretos nunca van en este archivo. Escribe «env:NOMBRE» para una variable de entorno o «file:RUTA» para un archivo, y cambia el secreto si estaba aquí
cli-config-secret-missing = falta el token de acceso: escribe «env:NOMBRE» o «file:RUTA»
cli-config-listen-nothing = no hay nada que escuchar: indica keywords, hashtags o domains
cli-config-hashtag = «{ $value }» no es una etiqueta: una sola palabra de letras, cifras y _
cli-config-domain = «{ $value }» no es un dominio: indica solo el servidor, como «acme.example»
cli-config-listen-language = «{ $value }» no es un idioma: indica dos letras (ISO 639-1), como «es»
cli-config-route-account = no existe la cuenta «{ $value }». ¿Querías decir «{ $near }»? Las que hay: { $known }
cli-config-route-account-far = no existe la cuenta «{ $value }». Las que hay: { $known }
cli-config-route-no-account = no existe la cuenta «{ $value }» ni ninguna otra: cada cuenta tiene su propia sección, [[account]], con su nombre
cli-config-route-unreachable = una ruta anterior ya se lo lleva todo; pon esta delante
cli-config-room = este terminal no tiene ninguna sala «{ $value }», solo muestra «{ $known }»: pon esa, o format = "json" en [chat.console] para un programa que distinga salas
cli-config-language = «{ $value }» no es un código de idioma. Escribe dos o tres letras minúsculas, como «es»
cli-config-same-name = { $other } también se llama «{ $value }»; cada colega necesita un nombre distinto
cli-config-too-long = es demasiado largo: como mucho { $most } caracteres
cli-config-too-many = son demasiadas: como mucho { $most }
cli-config-canned-empty = esta respuesta no tiene texto: ponle uno por idioma, como en {"{"} en = "…", es = "…" {"}"}
cli-config-template = no hay nada que poner en {"{"}{ $value }{"}"}. ¿Querías decir {"{"}{ $near }{"}"}? Se admiten: { $known }
cli-config-deadline-order = una prioridad más alta no puede esperar más que una más baja: como mucho { $most }, como { $other }
cli-config-audience = tiene que ser al menos large_audience, que es { $least }
cli-config-dm-room = los mensajes privados se verían en «{ $value }», que no está en private_rooms: añádela ahí
cli-config-listen = no se puede escuchar en «{ $value }»: usa una dirección de esta máquina con puerto, como «127.0.0.1:9464»
cli-config-intake = no se puede escuchar en «{ $value }»: usa una dirección con puerto, como «0.0.0.0:8443»
cli-config-intake-open = cualquiera podría leer y falsificar lo que llega a { $value }: indica tls_cert y tls_key, o pon behind_proxy = true si solo llega ahí un proxy inverso con certificado
cli-config-public-url = «{ $value }» no es una dirección a la que puedan enviar las redes: usa una que empiece por https:// y no lleve usuario, contraseña, ? ni #
cli-config-public-idle = no hay nada que dar a conocer: indica también intake, o quita public_url
cli-config-tls-pair = un certificado y su clave van juntos: indica también { $missing }
cli-config-tls-idle = no hay nada que proteger: indica también intake, o quita tls_cert y tls_key
cli-config-two-chats = solo puede haber un chat: deja uno solo de [chat.console], [chat.slack] y [chat.matrix]
cli-config-without-slack = este binario se compiló sin Slack. Compílalo con `cargo build --release --features slack`, o usa [chat.console]
cli-config-slack-no-way = falta cómo llegan los eventos: pon app_token (Socket Mode, lo sencillo), o bien signing_secret y listen (HTTP)
cli-config-slack-two-ways = los eventos llegan por un solo camino: con app_token, por Socket Mode; con signing_secret, por HTTP. Quita uno de los dos
cli-config-slack-rotation = los tokens que rotan necesitan los tres: refresh_token, client_id y client_secret. Si no rotan, quítalos
cli-config-slack-room = «{ $value }» no es el id de un canal, como «C012AB3CD»: está al final de los detalles del canal en Slack. Los nombres cambian; los id, no
cli-config-slack-person = «{ $value }» no es el id de una persona, como «U012AB3CD»: en su perfil de Slack, bajo ⋮, «Copiar ID de miembro»
cli-config-slack-group = «{ $value }» no es el id de un grupo de usuarios, como «S012AB3CD»: está al final de la dirección de la página del grupo en Slack
cli-config-slack-prefix = los comandos con barra no pueden empezar por «{ $value }»: letras minúsculas, cifras, - y _, { $most } como mucho
cli-config-slack-listen = en «{ $value }» no se puede escuchar: pon una dirección con puerto, como «127.0.0.1:8090», y que un proxy con TLS le pase las peticiones

check-square-ready = La plaza de este mismo proceso está abierta para { $handle }.
check-square-no-account = La plaza no conoce esa cuenta: { $why }. Solo `sereno demo` usa la plaza.

cli-alarm-store-full = El disco está lleno: { $detail }. No se recoge, contesta ni envía nada hasta que haya sitio; no se pierde nada. Libera espacio ya.
cli-alarm-store-unavailable = No se puede escribir en el almacén: { $detail }. No se recoge, contesta ni envía nada hasta que se pueda; no se pierde nada.
cli-alarm-store-damaged = El almacén está dañado: { $detail }. sereno se ha parado; ejecuta `sereno check --store` y sigue lo que diga.
cli-alarm-store-stopped = El almacén se ha parado: { $detail }. sereno también se ha parado y hay que arrancarlo de nuevo; no se pierde nada.
cli-alarm-store-back = Ya se puede volver a escribir en el almacén. Todo lo que esperaba sigue adelante.

check-store-whole = { $count ->
    [one] 1 registro leído: su suma y su sello concuerdan.
   *[other] { $count } registros leídos: todas las sumas, los sellos y las listas concuerdan.
  }
check-store-damaged = { $why }
check-store-more = { $count ->
    [one] En total hay 1 registro dañado.
   *[other] En total hay { $count } registros dañados.
  }
check-store-size = { $disk } KiB en disco para { $records } KiB de registros.
check-store-bloated = { $disk } KiB en disco para { $records } KiB de registros: para rehacer el almacén: `sereno export ARCHIVO`, para sereno, aparta { $store } con sus claves y su archivo .seq, `sereno import ARCHIVO`.
cli-config-at-both = línea { $line }, { $path }: { $what }

cli-help-sereno = Lleva las quejas públicas de las redes al chat del equipo como casos, y las respuestas del equipo de vuelta
cli-help-config = La configuración, bot.toml si falta; bot.toml.example explica cada clave
cli-help-lang = Idioma de los textos de este programa: en o es; por defecto, el del sistema
cli-help-run = Pone en marcha el bot hasta que se le diga que pare (SIGTERM, SIGINT); con SIGHUP vuelve a leer la configuración
cli-help-check = Revisa la configuración, los tokens y sus permisos, y el almacén; de cada hallazgo dice qué hacer
cli-help-check-store = Lee además el almacén entero, también el de un bot en marcha
cli-help-check-offline = No pregunta a ninguna red
cli-help-demo = Lo enseña todo en una pequeña red propia: sin configuración, sin token y sin internet
cli-help-demo-auto = Un programa hace de persona del equipo; al final se compara lo que se vio y se envió con los libros de la propia red
cli-help-demo-keep = Conserva el almacén en este directorio
cli-help-demo-sabotage = Estropea el bot a propósito, para ver que el juez se da cuenta: lose, double o stuck
cli-help-digest = Muestra las cifras de un día o de una semana
cli-help-digest-day = El día local; si falta, hoy
cli-help-digest-week = Los siete días que acaban en ese
cli-help-export = Escribe el almacén entero como líneas JSON con suma de control, sin cifrar: guarda bien el archivo
cli-help-export-file = Un archivo nuevo, o - para la salida estándar
cli-help-import = Crea un almacén y unas claves nuevas a partir de una exportación, donde diga [store]
cli-help-import-file = La exportación
cli-help-outbox = Lo que está en camino hacia el chat y las redes
cli-help-outbox-list = Lo muestra, también lo no entregado y lo dudoso
cli-help-outbox-retry = Intenta otra vez una entrega fallida, o todas
cli-help-outbox-drop = Abandona una entrega
cli-help-outbox-entry = El número que muestra `outbox list`
cli-help-listen = Prueba las reglas de escucha de la configuración con publicaciones grabadas; no envía nada ni toca ningún almacén
cli-help-listen-dry-run = Las publicaciones, en líneas JSON con al menos «text» (también las de Jetstream), o - para la entrada estándar; además, id, lang, followers, links, created_at
cli-help-listen-beside = Un segundo archivo con reglas [[listen]]: dice qué capta solo uno de los dos
cli-help-listen-json = Responde con JSON, una línea por publicación: captada o no, por qué regla, en qué palabras (inicio y fin contados en caracteres)
cli-help-erase = Destruye los datos de un caso sin vuelta atrás
cli-help-erase-case = Su número, por ejemplo 42
cli-help-erase-yes = De verdad; sin esto solo se describe el caso
cli-help-usage = Uso
cli-help-options = Opciones
cli-help-commands = Órdenes
cli-help-arguments = Argumentos
cli-help-help = Muestra esta ayuda
cli-help-version = Muestra la versión
cli-value-options = OPCIONES
cli-value-command = ORDEN
cli-value-file = ARCHIVO
cli-value-lang = IDIOMA
cli-value-dir = DIRECTORIO
cli-value-how = CÓMO
cli-value-day = AAAA-MM-DD
cli-value-case = CASO
cli-value-entry = NÚMERO

# What was typed behind `sereno` cannot be understood.
cli-usage-unknown = No existe «{ $word }».
cli-usage-unknown-near = No existe «{ $word }». ¿Querías decir «{ $near }»?
cli-usage-missing = Falta { $word }.
cli-usage-no-value = { $word } necesita un valor detrás.
cli-usage-value = «{ $value }» no vale para { $word }. Por ejemplo: { $known }.
cli-usage-twice = { $word } sobra aquí o se repite.
cli-usage-no-command = Falta qué hacer. `sereno --help` muestra las órdenes.
cli-usage-hint = `sereno --help` muestra lo que hay.

cli-failed = No ha funcionado: { $detail }
cli-output-gone = Ya nadie lee la salida de la consola, así que sereno se ha parado. Lo que no se pudo escribir se escribe en el próximo arranque.
cli-broke = sereno se ha caído por un fallo propio; el registro de arriba dice cuál. Lo recogido está a salvo; vuelve a arrancarlo.
cli-busy = El bot en marcha no ha contestado a tiempo; puede que su almacén esté lleno. Mira su registro y vuelve a intentarlo.
cli-control = Aquí hay un bot en marcha, pero no contesta en { $path }: { $detail }. Vuelve a intentarlo; si sigue igual, páralo y pregunta otra vez.
cli-listen-no-rules = { $file } no tiene reglas [[listen]]: no hay nada que probar.
cli-listen-input = No se pueden leer las publicaciones: { $detail }. Indica un archivo de líneas JSON, o - para la entrada estándar.
cli-listen-no-json = línea { $line }: no es JSON ({ $detail })
cli-listen-no-text = línea { $line }: falta «text». Cada línea debe ser un objeto JSON con al menos "text": "…"
cli-listen-too-long = línea { $line }: más de { $most } bytes
cli-listen-odd = { $count ->
    [one] No se ha podido leer una línea.
   *[other] No se han podido leer { $count } líneas.
  }
cli-listen-posts = { $count ->
    [one] 1 publicación.
   *[other] { $count } publicaciones.
  }
cli-listen-posts-over = { $count ->
    [one] 1 publicación,
   *[other] { $count } publicaciones,
  } grabadas durante { $span }.
cli-listen-rule = { $rule }: { $count } captadas
cli-listen-rule-daily = { $rule }: { $count } captadas, unas { $daily } al día
cli-listen-by = en { $words }
cli-listen-misspelled = { $word } (con una errata)
cli-listen-disguised = { $word } (disfrazada)
cli-listen-none = que no capta ninguna regla: { $count }
cli-listen-only = que solo capta { $file }: { $count }
cli-listen-only-daily = que solo capta { $file }: { $count }, unas { $daily } al día
cli-listen-both = que captan ambos: { $count }
cli-listen-sample = línea { $line }: { $text }
cli-http = No se pueden servir el estado y las métricas en { $address }: { $detail }. Cambia [http] listen o para lo que use ese puerto.
cli-http-intake = No se pueden servir los webhooks en { $address }: { $detail }. Cambia [http] intake, tls_cert o tls_key, o para lo que use ese puerto.
cli-account-token = No se puede obtener el token de la cuenta { $account }: { $detail }. Ponlo donde dice `token`, o cambia `token`.
cli-account-wrong = No se puede usar la cuenta { $account }: { $detail }.
cli-no-store = Todavía no hay ningún almacén en { $path }: lo crea `sereno run`. Si tendría que estar, revisa [store] path.
cli-store-full = El disco de { $path } está lleno: { $detail }. Libera espacio, o baja [store] min_free_mb.
cli-store-unavailable = No se puede usar el almacén { $path }: { $detail }
cli-store-damaged = No se puede usar el almacén { $path }: { $detail }
cli-store-keyring = No se pueden usar las claves del almacén { $path }: { $detail }. Sin ellas no se puede leer nada del almacén. Recupera el archivo de claves de su copia de seguridad, tal como estaba cuando el almacén se abrió por última vez, y ejecuta `sereno check --store`. Si no queda ninguna copia, aparta el almacén, su archivo .seq y el de claves, y ejecuta `sereno import FILE` con tu última exportación.
cli-store-error = El almacén no lo ha hecho: { $detail }
cli-day-ahead = El día { $value } no ha empezado: todavía no hay cifras suyas.
cli-bad-day = «{ $value }» no es un día. Escríbelo como 2026-11-21.
cli-erase-confirm = Caso { $case }: { $status }, abierto desde { $opened }, { $posts ->
    [one] una publicación
   *[other] { $posts } publicaciones
  }.
cli-erase-yes = No se ha borrado nada. Lo borrado no se recupera; si lo tienes claro: sereno erase { $n } --yes
cli-erase-on-its-way = No se ha borrado nada: una respuesta de { $case } está en camino o espera a alguien. Resuélvelo antes (deshacer, descartar o sereno outbox drop N) y bórralo después.
cli-erased = Los datos del caso { $case } están destruidos. Su número queda usado.
cli-erase-busy = No se ha borrado nada: un mensaje sobre { $case } va de camino al chat. Inténtalo dentro de un momento.
cli-erased-with = Los datos del caso { $case } están destruidos, y también { $others }, que se fusionó con él. Sus números quedan usados.
cli-erased-from = Los datos del caso { $case } están destruidos, y lo que { $other } había heredado de él. Su número queda usado.
cli-exported = { $records ->
    [one] 1 registro escrito
   *[other] { $records } registros escritos
  } en { $file }. Contiene datos personales sin cifrar: guárdalo bien y bórralo cuando acabes.
cli-export-folder = La carpeta { $folder } no existe. Créala (`mkdir -p { $folder }`) o indica otro archivo.
cli-export-output = No se ha podido escribir en la salida estándar: { $detail }. Lo escrito hasta ahora no es una exportación completa.
cli-export-exists = { $file } ya existe: indica un archivo nuevo.
cli-export-cut = La exportación se ha cortado y no se puede importar. Vuelve a intentarlo.
cli-imported = { $records ->
    [one] 1 registro pasado
   *[other] { $records } registros pasados
  } al nuevo almacén { $path }.
cli-imported-unsent = { $count ->
    [one] Al hacer la exportación quedaba 1 respuesta por salir, y puede que haya salido
   *[other] Al hacer la exportación quedaban { $count } respuestas por salir, y puede que hayan salido
  } después: el envío está en pausa. Repasa `sereno outbox list`, quita con `sereno outbox drop N` lo que los clientes ya tengan y luego que un responsable escriba `reanudar` en el chat.
cli-reloaded = La configuración se ha vuelto a leer y vale desde ahora.
cli-no-reload = Aquí no hay ningún bot.toml que volver a leer: la demo trae sus propias reglas. `sereno run` sí lo tiene.
cli-reloaded-restart = La configuración se ha vuelto a leer y vale desde ahora, salvo { $sections }: eso necesita reiniciar.
cli-reload-bad = La configuración no se ha aceptado y sigue la anterior: { $what }{ $more ->
    [0] .
   *[other] {" "}(y { $more } más; `sereno check` los dice todos).
  }

check-well = bien
check-ill = MAL
check-config = { $file } está en orden.
check-no-lead = Nadie es responsable: nadie puede aprobar, pausar los envíos, retirar o cambiar una respuesta publicada ni dar un caso a otra persona. Dale a alguien `role = "lead"` en [people].
check-no-private-room = Ninguna sala es para mensajes privados: sereno los lleva, pero no muestra su texto en ninguna parte. Nombra en [privacy] una sala que solo lea el equipo.
check-account-off = Desactivada; no se ha mirado nada.
check-account-token = El token está ({ $token }); no se ha preguntado a la red.
check-account-silent = { $url } no ha contestado en un minuto. Revisa base_url y la salida a internet de esta máquina.
check-store-there = En { $path }, con sus claves en { $keyring }.
check-store-new = Todavía no hay: `sereno run` lo crea en { $path }, con sus claves en { $keyring }.
check-store-no-keys = Faltan las claves { $keyring }: sin ellas no se puede leer nada personal de { $path }. Recupera el archivo de su copia de seguridad.

# What could not be read.
cli-help-parked = Muestra lo que llegó del chat y no se pudo leer
cli-help-parked-list = Lo enumera: identificador, cuándo llegó, cuánto ocupa, por qué no se pudo leer
cli-help-parked-show = Imprime uno tal como llegó; puede contener datos personales
cli-help-parked-drop = Deja de guardar uno, o todos
cli-help-parked-id = El identificador que muestra la lista
cli-help-parked-all = Todos
cli-parked-none = Todo lo que llegó se pudo leer.
cli-parked-line = { $id } · { $at } · { $bytes } bytes · { $why }
cli-parked-cut = (recortado: se guardaron { $kept } de { $bytes } bytes)

slack-manifest-about = Las quejas públicas llegan como casos a tu canal, y vuestras respuestas salen desde él
slack-manifest-head = La app de Slack de sereno, hecha por `sereno slack-manifest` a partir de los comandos que conoce. Pégala en https://api.slack.com/apps: Create New App, From a manifest.
slack-manifest-case = Cualquier comando de sereno, como: tomar 42, lista mine, ayuda responder
slack-manifest-case-hint = tomar 42
slack-shortcut-draft = Redactar respuesta
slack-shortcut-draft-about = Abre un formulario para responder a este caso; no envía nada
slack-shortcut-handoff = Pasar a privado
slack-shortcut-handoff-about = Invita al cliente de este caso a una conversación privada
cli-help-slack-manifest = Escribe el manifiesto de la app de Slack, para pegarlo en https://api.slack.com/apps
cli-help-slack-manifest-prefix = Con qué empiezan los comandos con barra, como slash_prefix en [chat.slack]
cli-help-slack-manifest-url = Los eventos llegan por HTTP a esta dirección, en vez de por Socket Mode
cli-slack-prefix = Los comandos con barra no pueden empezar por «{ $value }»: letras minúsculas, cifras, - y _, { $most } como mucho.
cli-slack-url = «{ $value }» no es una dirección a la que Slack pueda llamar: tiene que empezar por https://.

# Slack.
check-slack-ready = Sesión abierta como { $name } en el espacio de trabajo { $team }.
check-slack-is-app-token = { $key } contiene un token de la app (xapp-…): va en app_token. Lo que va aquí empieza por { $wanted }.
check-slack-is-bot-token = { $key } contiene un token de bot (xoxb-…): va en bot_token. Lo que va aquí empieza por { $wanted }.
check-slack-is-user-token = { $key } contiene el token de una persona (xoxp-…): todo se haría en su nombre. Usa el que empieza por { $wanted }.
check-slack-is-refresh-token = { $key } contiene un token de renovación (xoxe-…): va en refresh_token. Lo que va aquí empieza por { $wanted }.
check-slack-is-no-token = Lo que contiene { $key } no es un token de Slack: el bueno empieza por { $wanted }. En la página de la app, los tokens de bot están en «OAuth & Permissions» y los de la app en «Basic Information».
check-slack-token = Slack no acepta bot_token ({ $why }). En la página de la app, «OAuth & Permissions»: instala otra vez la app en el espacio de trabajo y copia su token de bot.
check-slack-renewal = El token del bot ha caducado y no se ha podido obtener y guardar otro: { $why }. La carpeta del almacén tiene que existir y permitir la escritura; si no es eso, pon un par de tokens nuevo en bot_token y refresh_token.
check-slack-scopes = El token tiene los { $count } permisos.
check-slack-scope-missing = Al token le falta el permiso { $scope }. Pon de nuevo en la app el manifiesto de `sereno slack-manifest` e instálala otra vez en el espacio de trabajo.
check-slack-scopes-unknown = Slack no ha dicho qué puede hacer el token. Comprueba api_url y que ningún proxy intermedio quite cabeceras.
check-slack-socket = Socket Mode está abierto.
check-slack-socket-token = Slack no acepta app_token ({ $why }). En la página de la app, «Basic Information»: crea un token de app con el permiso connections:write.
check-slack-socket-scope = A app_token le falta el permiso connections:write. En la página de la app, «Basic Information»: crea otro token de app que lo tenga.
check-slack-socket-off = Slack no abre el socket ({ $why }). En la página de la app, activa «Socket Mode».
check-slack-room = sereno está en #{ $name }.
check-slack-room-unknown = No hay ningún canal { $room }, o es privado y sereno no está en él. Comprueba el id (al final de los detalles del canal) e invítalo: /invite @sereno
check-slack-room-refused = Slack no muestra el canal { $room } ({ $why }). Pon de nuevo en la app el manifiesto de `sereno slack-manifest` e instálala otra vez.
check-slack-room-archived = El canal { $room } está archivado: ahí no se puede publicar nada. Desarchívalo o indica otro.
check-slack-room-not-in = sereno no está en el canal { $room }. Invítalo: /invite @sereno
check-slack-room-shared = El canal { $room } está compartido con otra empresa. Ahí no pintan nada las quejas de clientes: indica uno de vuestro espacio de trabajo.
check-slack-room-public = [privacy] nombra el canal { $room }, pero es público: ahí no se muestra ningún mensaje privado. Hazlo privado en Slack o quítalo de [privacy].
check-slack-group = El grupo { $group } tiene { $count ->
    [one] un miembro, que es agente.
   *[other] { $count } miembros, todos agentes.
  }
check-slack-group-empty = El grupo { $group } no tiene miembros que puedan dar órdenes, así que no hace agente a nadie. Añade a alguien en Slack o quita user_group.
check-slack-group-others = { $count ->
    [one] Un miembro de { $group } no puede dar órdenes: es un invitado, un bot, o alguien que ya no está o es de otro espacio de trabajo.
   *[other] { $count } miembros de { $group } no pueden dar órdenes: son invitados, bots, o gente que ya no está o es de otro espacio de trabajo.
}
check-slack-group-unknown = No hay ningún grupo { $group } ({ $why }). Su id está al final de la dirección de su página en Slack.
check-slack-people = { $count ->
    [one] La única persona de [people] es del espacio de trabajo.
   *[other] Las { $count } personas de [people] son del espacio de trabajo.
  }
check-slack-people-more = Otras { $count } no se han consultado: Slack tardaría demasiado.
check-slack-person-unknown = Nadie de este espacio de trabajo tiene ese id ({ $why }). Cópialo de su perfil en Slack: ⋮, «Copiar ID de miembro».
check-slack-person-gone = Su cuenta está desactivada. Quítala de [people].
check-slack-person-invited = Está en la lista de invitaciones y aún no ha entrado: hasta entonces no puede dar órdenes.
check-slack-person-bot = Es un bot: no puede dar órdenes. Quítalo de [people].
check-slack-person-guest = Es una cuenta de invitado: no puede dar órdenes, tenga el papel que tenga. Quítala, o hazla miembro pleno en Slack.
check-slack-person-stranger = Es de otro espacio de trabajo: no puede dar órdenes. Quítala de [people].
check-slack-unreachable = { $url } no ha respondido ({ $why }). Comprueba api_url y la salida a la red de esta máquina.
check-store-only-rest = No hay almacén en { $path }, pero quedan { $left } de uno. Recupera el almacén, corrige [store] path, o aparta esos archivos para empezar de cero.
check-store-behind = El archivo { $seq } llega hasta la escritura { $acked } y el almacén hasta la { $found }: seguramente es de una copia más antigua, y no se notaría si faltara el final del registro. Si el almacén es el que se quería, arranca sereno: la próxima escritura lo corrige.
check-store-space = Hay { $free } MiB libres para { $path }, pero [store] min_free_mb pide { $least }: no se recogería nada. Haz sitio o bájalo.
check-keyring-folder = Este usuario no puede escribir en la carpeta { $folder } de las claves { $keyring }: `sereno erase` no podría destruir ninguna. Cambia su dueño o sus permisos.
check-store-refused = { $path }: { $why }
cli-config-type-number = { $found } no es un número entero. Escribe cifras sin comillas, por ejemplo 10
cli-config-type-text = { $found } no es un texto. Escríbelo entre comillas, por ejemplo "texto"
cli-config-type-bool = { $found } no es ni true ni false. Escribe uno de los dos, sin comillas
cli-config-type-list = { $found } no es una lista. Escríbela entre corchetes, por ejemplo ["uno", "dos"]
cli-config-type-table = { $found } no es una tabla. Sus claves van en líneas propias bajo un título entre corchetes; bot.toml.example lo muestra
cli-help-outbox-retry-all = Todas las entregas fallidas, salvo los envíos que quizá ya estén publicados: esos, de uno en uno
cli-outbox-all = { $count ->
    [0] No hay ninguna entrega fallida que se pueda reintentar sin más.
    [one] Se intenta otra vez una entrega fallida.
   *[other] Se intentan otra vez { $count } entregas fallidas.
  }
cli-outbox-doubtful = Puede que la entrada { $entry } ya esté publicada. Míralo en la red; si no está: sereno outbox retry { $entry }; si está: sereno outbox drop { $entry }
cli-not-a-case = «{ $value }» no es un número de caso. Escríbelo como 42 o #42.
cli-not-an-entry = «{ $value }» no es el número de una entrada. `sereno outbox list` los muestra al principio de cada línea.
cli-import-file = No se puede importar esta exportación: { $detail }
cli-outbox-which = ¿Cuál? Da el número que muestra `sereno outbox list`, o --all para todas las entregas fallidas.
cli-config-host = «{ $value }» no es un nombre de servidor. Escríbelo sin https:// ni puerto, por ejemplo "streaming.mastodon.example"
check-mastodon-streaming-host = el servidor indica { $host } para sus flujos, que no es ni él mismo ni un subdominio suyo: el token no se envía allí y se prueba con el propio servidor. Si ese es el bueno, añade streaming_host = "{ $host }" a esta [[account]] de bot.toml
cli-alarm-account-down = Hace { $minutes } minutos que no se puede leer { $account }: { $why }. Lo que se escriba allí mientras tanto entra en cuanto vuelva a funcionar y las respuestas esperan hasta entonces; no se pierde nada. Mira si el servidor está en marcha; `sereno check` dice más.
cli-alarm-account-back = { $account } se lee otra vez. Lo escrito mientras tanto entra ahora.
cli-alarm-passed-over = { $count ->
    [one] Un elemento que ha enviado el servidor de { $account } no se puede leer y se ha dejado de lado
   *[other] { $count } elementos que ha enviado el servidor de { $account } no se pueden leer y se han dejado de lado
  }; el registro dice cuáles. Mira las notificaciones de la cuenta en el propio servidor.
cli-alarm-gap = Se ha escrito a { $account } más de lo que su red deja leer hacia atrás ({ $stream }): aquí falta lo más antiguo. Mira en la propia red lo que ha llegado desde la última lectura de la cuenta.

# Matrix.
cli-config-without-matrix = este binario se compiló sin Matrix. Compílalo con `cargo build --release --features matrix`, o usa [chat.console]
cli-config-matrix-two-ways = solo hay una forma de entrar: pon password o access_token, no las dos
cli-config-matrix-prefix = los comandos no pueden empezar por «{ $value }»: de uno a { $most } signos, como «!», sin letras, cifras, espacios, / ni @
cli-config-matrix-server = «{ $value }» no es el nombre de un servidor, como «socio.example»: es la parte de los ids de su gente tras los dos puntos
cli-config-matrix-room = «{ $value }» no es el id de una sala, como «!abc:example.org»: está en los ajustes de la sala, en «Avanzado». Los nombres y las #direcciones cambian; los ids no
cli-config-matrix-person = «{ $value }» no es un id completo, como «@ana:example.org»: está bajo el nombre, en el perfil de la persona
cli-help-matrix = Cuida de las claves de la cuenta de Matrix del bot
cli-help-matrix-recover = Crea un dispositivo nuevo con la clave de recuperación, si se perdieron las claves de Matrix
cli-help-matrix-recovery-key = Imprime la clave de recuperación, mientras su archivo siga donde se escribió
cli-matrix-none = bot.toml no tiene [chat.matrix].
cli-matrix-no-recovery-key = No hay clave de recuperación en { $file }: se escribe ahí cuando el bot entra por primera vez; quizá alguien la haya guardado ya con los secretos.
cli-matrix-recovered = Recuperado: las claves de la cuenta avalan el dispositivo nuevo, { $device }. `sereno run` sigue desde aquí; los mensajes antiguos se descifran según llegan sus claves de la copia.
cli-matrix-failed = No se ha hecho nada: { $detail }.
why-file-unread = no se puede leer { $file }: { $why }
why-file-unwritten = no se puede escribir { $file }: { $why }
why-file-odd = { $file } no contiene lo que debería
why-matrix-taken = otro proceso trabaja con las claves de Matrix en { $file }: solo puede haber uno, o dejarán de poder descifrarse los mensajes para siempre
why-matrix-needs-recovery = la cuenta { $name } ya tiene claves propias que esta máquina no tiene. Pon su clave de recuperación en { $file } y ejecuta `sereno matrix recover`
why-matrix-other-session = { $file } guarda la sesión de { $name }, no la de { $wanted }: indica otra carpeta o aparta esta
why-matrix-session-odd = no se puede leer la sesión de Matrix
why-matrix-session = la sesión de Matrix: { $why }
why-matrix-sync = el servidor no ha dicho qué hay: { $why }
why-matrix-account-keys = el servidor no informa de las claves de la cuenta: { $why }
why-matrix-recovery-unmade = no se ha podido preparar la recuperación de las claves de la cuenta; se intentará de nuevo en el próximo arranque
why-matrix-wrong-key = la clave de recuperación no es la de esta cuenta
why-matrix-unverified = esta clave de recuperación no avala el dispositivo nuevo
why-matrix-databases = no se pueden abrir las bases de datos de Matrix en { $file }: quizá su clave sea otra
why-matrix-address = { $url } no sirve como dirección del servidor
why-matrix-not-let-in = el servidor no deja entrar al bot: { $why }
why-matrix-token = el servidor no acepta el token de acceso: { $why }
why-matrix-other-user = el secreto es de { $name }, no de { $wanted }
why-matrix-no-device = el token de acceso no pertenece a ningún dispositivo: no sirve para el cifrado
why-matrix-keyed = el token de acceso es del dispositivo { $name }, que ya tiene claves: las de otro programa o las de una carpeta perdida. Con claves nuevas ninguno podría leer. Inicia sesión de nuevo y da al bot un token de un dispositivo propio
why-matrix-nothing-lost = no se ha perdido nada: { $file } guarda una sesión de { $name }. Si sus bases de datos están dañadas, aparta antes la carpeta
why-matrix-no-recovery-key = no hay clave de recuperación en { $file }
check-matrix-unreachable = { $url } no ha respondido como un servidor de Matrix ({ $why }). Comprueba homeserver y la salida a la red de esta máquina.
check-matrix-session-unread = { $why }. Si está dañado, aparta el directorio y ejecuta `sereno matrix recover`.
check-matrix-session = El servidor ya no acepta la sesión del bot ({ $why }). Aparta el directorio de store en [chat.matrix], pon la clave de recuperación en su archivo y ejecuta `sereno matrix recover`.
check-matrix-not-yet = { $name } aún no ha entrado; `sereno run` lo hace una vez, con la contraseña.
check-matrix-no-password = El servidor no admite contraseñas. Pon un access_token que sea solo del bot.
check-matrix-other-user = La sesión es de { $name }, no de { $wanted }. Corrige user, o indica otro directorio en store.
check-matrix-ready = Sesión abierta como { $name }.
check-matrix-device = Las claves de la propia cuenta avalan el dispositivo { $name }.
check-matrix-device-unsigned = Las claves de la propia cuenta no avalan el dispositivo { $name }: los clientes avisan de ello. Aparta el directorio de store en [chat.matrix] y ejecuta `sereno matrix recover`.
check-matrix-device-unknown = El servidor no dice nada de las claves del bot ({ $why }).
check-matrix-recovery-key = La clave de recuperación está en { $file }: guárdala con tus secretos, en otro disco. Solo con ella se recupera un almacén perdido.
check-matrix-rooms-unknown = El servidor no dice en qué salas está el bot ({ $why }).
check-matrix-room-not-in = { $name } no está en la sala { $room }. Invítalo; acepta cuando lo invita alguien que figura en [people], mientras `sereno run` esté en marcha.
check-matrix-room-unread = El servidor no muestra la sala { $room } ({ $why }).
check-matrix-room-unencrypted = [privacy] nombra la sala { $room }, pero no está cifrada: ahí no se muestra ningún mensaje privado. Activa el cifrado, o quítala de [privacy].
check-matrix-room-open = [privacy] nombra la sala { $room }, pero se puede entrar sin invitación: ahí no se muestra ningún mensaje privado. Haz que solo se entre con invitación, o quítala de [privacy].
check-matrix-room-world-readable = [privacy] nombra la sala { $room }, pero cualquiera puede leer su historial: ahí no se muestra ningún mensaje privado. Haz que solo lo lean los miembros («Visibilidad del historial», en los ajustes de seguridad de la sala) o quítala de [privacy].
check-matrix-room-bridged = [privacy] nombra la sala { $room }, pero un puente la lleva a otra red: ahí no se muestra ningún mensaje privado. Quita el puente, o quita la sala de [privacy] y nombra una sin puente.
check-matrix-room-replaced = La sala { $room } se ha sustituido por { $other }, y quizá ya no la lea nadie. Pon el id de la otra en bot.toml en su lugar e invita allí al bot.
check-matrix-room-mute = El bot no puede escribir en la sala { $room }. Súbele ahí el nivel de poder.
check-matrix-room = sereno está en la sala { $room }, que no está cifrada.
check-matrix-room-encrypted = sereno está en la sala { $room }, que está cifrada.
check-matrix-room-no-pins = El bot no puede fijar mensajes en la sala { $room }: las fichas urgentes no se fijan. Súbele el nivel de poder al de m.room.pinned_events, normalmente 50.
check-matrix-people = { $count ->
    [one] La única persona de [people] tiene un id bien formado.
   *[other] Las { $count } personas de [people] tienen ids bien formados.
  }
check-matrix-person-unknown = El servidor no conoce a nadie con ese id. Cópialo de su perfil.
check-matrix-nobody = En Matrix nadie puede actuar, ni invitar al bot: indica el equipo en [people], con sus ids completos ("@ana:example.org").
check-matrix-servers = Todas las cuentas de { $servers } pueden actuar como agentes, también los bots: así lo indica allowed_servers.
check-matrix-limit = El servidor acepta un mensaje del bot cada { $seconds } s: las fichas y las respuestas llegan tarde. Quien administre Synapse lo quita con POST /_synapse/admin/v1/users/{ $name }/override_ratelimit y el cuerpo {"{"}"messages_per_second": 0, "burst_count": 0{"}"}; para todos es rc_message, en homeserver.yaml.
check-matrix-no-limit = No se ha topado con ningún límite de mensajes.
check-matrix-limit-unknown = No se ha podido probar el límite de mensajes ({ $why }).

# Lo que el almacén dice de sí mismo, dentro de una frase que lo nombra.
why-store-damaged = { $what }. Para recuperar la última exportación: aparta { $store }, { $seq } y { $keyring } y ejecuta `sereno import FILE`
why-store-bad-record = registro { $record }: se esperaba «{ $expected }», se ha encontrado «{ $found }»
why-store-bad-records = se esperaban registros legibles, se han encontrado daños
why-store-bad-log = se esperaba un registro de cambios legible, su archivo db está dañado
why-store-bad-log-at = se esperaba un registro de cambios entero, su archivo db está dañado en el byte { $at }
why-store-bad-settings = se esperaba en su archivo conf la configuración de un almacén de sereno, se ha encontrado otra: el archivo está dañado
why-store-bad-sidecar = su archivo { $seq } está dañado: { $why }
why-store-lost-end = se esperaban { $expected } cambios, el último ya confirmado, se han encontrado { $found }: falta el final del registro de cambios
why-store-half-written = se esperaba todo lo último que se escribió, se ha encontrado una parte: lo más probable es que se fuera la luz mientras se escribía
why-store-lost-cases = se esperaban { $expected } casos ({ $expected_open } abiertos) según lo último guardado, se han encontrado { $found } ({ $found_open } abiertos), o más antiguos
why-store-lost-entries = se esperaban { $expected } entradas en la cola de salida, se han encontrado { $found }
why-store-no-keyring = se esperaba su archivo de claves, no está
why-store-no-data = sus datos no están, aunque sus claves { $keyring } sí: el directorio falta, está vacío o le faltan archivos. Corrige [store] path si no es ese, o devuelve el directorio a su sitio con su archivo { $seq }
why-store-no-sidecar = falta el archivo { $seq }, que dice hasta dónde estaba confirmado: devuélvelo a su sitio, va con el directorio
why-store-foreign-keyring = las claves { $keyring } son del almacén { $instance }, pero { $what } es de otro almacén. Lo más probable es que las claves no sean las suyas: pon las de este almacén en su lugar o indícalas en [store] keyring. Si se han perdido para siempre, aparta { $store }, { $seq } y { $keyring } y ejecuta `sereno import FILE`
why-store-foreign-sidecar = su archivo { $seq }
why-store-foreign-data = lo que hay aquí ({ $found })
why-store-newer = el registro { $record } tiene el formato { $format } y este sereno lee hasta el { $upto }: usa el sereno más nuevo que lo escribió
why-store-stopped = tuvo un fallo y ya no acepta nada ({ $why })
why-store-in-use = otro proceso lo tiene abierto, quizá otro `sereno run`: detenlo antes
why-store-permission = este usuario no puede leer o escribir { $path }; cambia el dueño o los permisos, o corrige [store] path
why-store-not-empty = se esperaba un directorio vacío o un almacén de sereno, hay otros archivos: indica otro directorio
why-store-import-unfinished = una importación quedó a medias; ejecuta otra vez `sereno import FILE`
why-store-import-taken = para importar hace falta un sitio vacío, pero { $keyring } es de un almacén; detén el bot que lo usa y aparta { $store }, { $seq } y { $keyring }, o indica otro [store] path
why-store-keyring-missing = se esperaban sus claves { $keyring }, no están, y sin ellas no se puede leer nada; devuelve el archivo a su sitio. Si se ha perdido para siempre, aparta { $store } y { $seq } y ejecuta `sereno import FILE`
why-store-keyring-inside = claves { $keyring }: tienen que estar fuera del almacén { $store }: elige otro sitio
why-store-keyring-taken = claves { $keyring }: el almacén guarda ahí otro archivo suyo y uno pisaría al otro: elige otro nombre, por ejemplo { $store }.keys
why-store-keyring-folder = claves { $keyring }: la carpeta { $folder } no existe; créala (`mkdir -p { $folder }`) o corrige [store] keyring
why-store-keyring-mode = claves { $keyring }: se esperaba un archivo que solo pueda leer su dueño (modo 600), tiene el modo { $mode }; ejecuta `chmod 600 { $keyring }`
why-store-keyring-permission = claves { $keyring }: este usuario no puede leer o escribir el archivo o su carpeta; cambia el dueño o los permisos, o corrige [store] keyring
why-store-keyring-unfit = claves { $keyring }: se esperaba «{ $expected }», se ha encontrado «{ $found }»
why-store-keyring-newer = claves { $keyring }: las escribió un sereno más nuevo; usa ese
why-store-no-room = quedan { $free } bytes libres para { $path } y hacen falta al menos { $least }: haz sitio
why-store-no-room-to-open = quedan { $free } bytes libres para { $path } y para abrirlo hacen falta al menos { $least }: haz sitio y arranca de nuevo
why-store-no-room-left = no queda sitio para { $path }: haz sitio
why-store-no-room-copy = para no cambiar nada se lee una copia de { $path }, y no cabe: haz sitio
why-store-export-directory = { $file } es un directorio: indica el archivo que escribió `sereno export`
why-store-export-missing = { $file } no está: indica el archivo que escribió `sereno export`
why-store-export-newer = { $file }: formato { $format }, este sereno lee hasta el { $upto }: importa con el más nuevo
why-store-export-damaged = exportación { $file }, línea { $line }: se esperaba «{ $expected }», se ha encontrado «{ $found }»; no se ha importado nada: usa otra exportación

why-secret-no-variable = la variable de entorno { $name } no existe
why-secret-unreadable = { $path }: { $why }
why-secret-empty = { $place } está vacío
why-secret-not-named = no se nombra ningún secreto
why-store-export-no-room = no queda sitio en el disco donde se escribe la exportación: haz sitio o indica un archivo en otro disco
why-store-export-unwritten = la exportación no se puede escribir: { $why }
why-store-no-room-to-spool = no hay sitio junto a { $path } para guardar la exportación mientras se lee: haz sitio o indica un archivo en otro disco
cli-export-failed = La exportación { $file } no se ha escrito: { $detail }.
cli-demo-keep = { $folder } no está vacío: dale a --keep un directorio que aún no exista.
cli-chat-secret = No se puede obtener { $key }: { $detail }. Ponlo donde dice bot.toml o corrige allí { $key }.
cli-config-elsewhere = esta clave no significa nada en la red { $network }: quítala
cli-config-price = esto no es un importe: escribe dólares, por ejemplo 0.015, de 0 a 1000000000
cli-config-x-consumer = consumer_key y consumer_secret van juntas: pon las dos o ninguna
cli-config-x-tokens = la cuenta { $other } guarda sus tokens en el mismo archivo: cada una necesita el suyo
cli-account-secret = Cuenta { $account }: no se puede obtener { $key }: { $detail }. Ponlo donde dice `{ $key }`, o cambia `{ $key }`.
check-x-offline = sus tokens van en { $file }; no se ha preguntado a X.
cli-value-network = RED
cli-value-name = NOMBRE
cli-help-login = Inicia la sesión de una cuenta de X: alguien lo permite en el navegador, una vez
cli-help-login-network = La red: x
cli-help-login-account = El nombre de la cuenta en bot.toml, si hay varias en X
cli-help-login-replace = También si es otra cuenta de X que antes
cli-login-open-here = Abre esta dirección en un navegador que tenga abierta la sesión de { $account } en X, y permite lo que se pide:

  { $url }

  El navegador volverá aquí él solo. Si está en otra máquina, copia la dirección en la que acabe y pégala aquí.
cli-login-open = Abre esta dirección en un navegador que tenga abierta la sesión de { $account } en X, y permite lo que se pide:

  { $url }

  Después copia la dirección en la que acabe el navegador, aunque no se vea ninguna página, y pégala aquí.
cli-login-page = Hecho: sereno puede actuar como esta cuenta. Ya puedes cerrar esta página.
cli-login-refused = En X se ha dicho que no; no ha cambiado nada.
cli-login-foreign = Esta dirección no es de este intento: abre la que sale arriba.
cli-login-incomplete = Aquí no hay ningún código. Pega la dirección completa en la que acabó el navegador, con lo que va detrás del signo de interrogación.
cli-login-late = Nadie lo ha permitido en un cuarto de hora; no ha cambiado nada. Ejecuta `sereno login x` otra vez.
cli-login-nothing = No se ha pegado nada; no ha cambiado nada.
cli-login-none = bot.toml no tiene ninguna cuenta de X: añade una [[account]] con network = "x".
cli-login-which = ¿Qué cuenta? Indícala con --account: { $known }
cli-login-unknown = Ninguna cuenta de X se llama «{ $value }». Hay: { $known }
cli-login-other = Esta es { $handle }, otra cuenta que la de antes; no ha cambiado nada. Si es lo que quieres: `sereno login x --replace`, y reinicia el bot.
cli-login-unreadable = Eres { $handle }, pero no se puede saber de quién eran los tokens de antes ({ $why }); no ha cambiado nada. Si { $handle } es la cuenta: `sereno login x --replace`.
cli-login-twice = { $other } ya tiene la sesión de { $handle }, y cada mención llegaría dos veces; no ha cambiado nada. Entra en X en el navegador con la cuenta que toca y vuelve a lanzarlo.
cli-login-failed = No se ha iniciado ninguna sesión: { $why }.
cli-login-missing = No se ha permitido todo lo necesario ({ $scopes }): revisa los permisos de la app en X e inicia sesión otra vez.
cli-login-done = { $account } ha iniciado sesión como { $handle }. Si el bot está en marcha con la misma cuenta, sigue él solo; si era otra, hay que reiniciarlo.
