### The command line, the configuration and the shell around the engine.

# What `sereno check` finds of a Mastodon account.
check-mastodon-account = signed in as { $handle }; posts of up to { $length } characters
check-mastodon-scope = the token has the scope { $scope }
check-mastodon-no-scope = the token lacks the scope { $scope }: make a new token with it under Preferences → Development and set it in bot.toml
check-mastodon-token = the server does not accept the token ({ $why }): make a new one under Preferences → Development and set it in bot.toml
check-mastodon-streaming = the stream of notifications opens
check-mastodon-no-streaming = the stream of notifications does not open ({ $why }): mentions will come by polling, later; let websockets through to the server's streaming address
check-mastodon-no-search = the server offers no search of posts: keywords are found in its local timeline only; add hashtags to the listening rules
check-mastodon-unreachable = { $url } does not answer ({ $why }): see whether base_url is right and the server is up
check-mastodon-not-api = { $url } does not speak the Mastodon API ({ $why }): set base_url to the server's own address, such as https://mastodon.example

cli-config-at = { $line ->
    [0] { $path }: { $what }
   *[other] line { $line }, { $path }: { $what }
  }
cli-config-at-line = line { $line }: { $what }
cli-config-wrong = { $file } cannot be used:
cli-config-hint = bot.toml.example explains every key; `sereno check` reads the file again.
cli-config-missing-file = { $file } is not there. Copy bot.toml.example to that name and make it yours, or name another file with --config.
cli-config-unreadable = { $file } cannot be read: { $detail }
cli-config-syntax = this is not TOML: { $detail }
cli-config-unknown-key = there is no key "{ $word }". Known here: { $known }
cli-config-unknown-key-near = there is no key "{ $word }". Did you mean "{ $near }"? Known here: { $known }
cli-config-unknown-value = "{ $word }" is not one of: { $known }
cli-config-unknown-value-near = "{ $word }" is not known. Did you mean "{ $near }"? Possible: { $known }
cli-config-type = the wrong kind of value: { $detail }
cli-config-missing = this key must be given
cli-config-empty = this must not be empty
cli-config-empty-word = an empty word would match everything; take it out
cli-config-range = { $value } cannot be: from { $least } to { $most } is possible
cli-config-time-zone = "{ $value }" is no time zone. Take an IANA name such as "Europe/Madrid" or "UTC"
cli-config-time-of-day = "{ $value }" is no time of day. Write it as "HH:MM", from "00:00" to "23:59"
cli-config-keyring-inside = the keys must not stand inside the store's own directory: whoever copies one would have both
cli-config-no-chat = the team's chat is missing: add a table [chat.console]
cli-config-no-account = there is no account: add a table [[account]] with name, network, base_url and token
cli-config-account-name = "{ $value }" has spaces or control characters in it; take a short name such as "acme"
cli-config-duplicate = the name "{ $value }" is taken already; each must have its own
cli-config-unknown-network = "{ $value }" is no known network. Did you mean "{ $near }"? Possible: { $known }
cli-config-url = this is no address that can be used. Write "https://server", without user, password or query
cli-config-url-scheme = the token would travel unencrypted: write https:// (http:// is for 127.0.0.1, ::1 and localhost only)
cli-config-secret = secrets never stand in this file. Write "env:NAME" for a variable of the environment or "file:PATH" for a file, and change the secret if it stood here
cli-config-secret-missing = the access token is missing: write "env:NAME" or "file:PATH"
cli-config-listen-nothing = there is nothing to listen for: give keywords or hashtags
cli-config-hashtag = "{ $value }" is no hashtag: one word of letters, digits and _
cli-config-route-account = there is no account "{ $value }". Did you mean "{ $near }"? Known: { $known }
cli-config-route-unreachable = an earlier route takes everything already; put this one before it
cli-config-language = "{ $value }" is no language code. Write two or three small letters, such as "es"
cli-config-same-name = { $other } is called "{ $value }" too; colleagues must have different names
cli-config-too-long = this is too long: at most { $most } characters
cli-config-template = nothing can be filled in for {"{"}{ $value }{"}"}. Did you mean {"{"}{ $near }{"}"}? Possible: { $known }
cli-config-deadline-order = a higher priority cannot wait longer than a lower one: at most { $most }, as for { $other }
cli-config-audience = this must be at least large_audience, which is { $least }
cli-config-dm-room = private messages would be shown in "{ $value }", which is not among private_rooms: add it there
cli-config-listen = "{ $value }" cannot be listened on: take a loopback address with a port, such as "127.0.0.1:9464"

check-square-ready = The square inside this process is open for { $handle }.
check-square-no-account = The square has no such account: { $why }. Only `sereno demo` uses the square.

cli-alarm-store-full = The disk is full: { $detail }. Nothing is taken in, answered or sent until there is room; nothing is lost. Free some space now.
cli-alarm-store-unavailable = The store cannot be written: { $detail }. Nothing is taken in, answered or sent until it can; nothing is lost.
cli-alarm-store-damaged = The store is damaged: { $detail }. sereno has stopped; run `sereno check --store` and follow what it says.
cli-alarm-store-back = The store can be written again. Everything that waited goes on.

check-store-whole = { $count } records read: every checksum, seal and list agrees.
check-store-damaged = { $why }
check-store-more = { $count } records are damaged in all.
check-store-size = { $disk } KiB on disk for { $records } KiB of records.
check-store-bloated = { $disk } KiB on disk for { $records } KiB of records: rebuild the store with `sereno export FILE` and, into an empty place, `sereno import FILE --store { $store }`.
