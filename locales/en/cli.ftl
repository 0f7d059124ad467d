### The command line, the configuration and the shell around the engine.

# What `sereno check` finds of a Mastodon account.
check-mastodon-account = signed in as { $handle }; posts of up to { $length } characters
check-mastodon-scope = the token has the scope { $scope }
check-mastodon-no-scope = the token lacks the scope { $scope }: make a new token with it under Preferences → Development and put it where `token` in bot.toml points
check-mastodon-token = the server does not accept the token ({ $why }): make a new one under Preferences → Development and put it where `token` in bot.toml points
check-mastodon-streaming = the stream of notifications opens
check-mastodon-no-streaming = the stream of notifications does not open ({ $why }): mentions will come by polling, later; let websockets through to the server's streaming address
check-mastodon-no-search = the server offers no search of posts: keywords are found in its local timeline only; add hashtags to the listening rules
check-mastodon-unreachable = { $url } does not answer ({ $why }): see whether base_url is right and the server is up
check-x-account = signed in as { $handle }
check-x-scopes = the account did not allow everything that is needed ({ $scopes }): sign it in anew: `sereno login x`
check-x-sign-in = X does not let the account in ({ $why }): sign it in anew: `sereno login x`
check-x-tokens-open = others on this machine can read { $file }, which holds its tokens: `chmod 600` it
check-x-app = X does not know the app ({ $why }): see whether consumer_key and consumer_secret, or bearer_token, are those of the app
check-x-no-filtered = the app's plan has no filtered stream ({ $why }): what [[listen]] catches is found by search, some minutes later
check-x-no-activity = the app's plan does not tell of mentions by itself ({ $why }): they are read every poll_seconds
check-x-webhook = X sends to { $url }
check-x-webhook-new = X does not know { $url } yet: it is made known to it once the bot runs
check-x-webhook-lost = X does not send to { $url } any more, as that did not answer its question: see whether it is reached from outside, with a certificate that everybody trusts; X is asked again every hour
check-x-no-webhook = X does not let the app have a webhook at { $url } ({ $why }): take public_url out, and the stream is listened to
check-x-unreachable = { $url } does not answer ({ $why }): see whether base_url is right and X is up
check-mastodon-not-api = { $url } does not speak the Mastodon API ({ $why }): set base_url to the server's own address, such as https://mastodon.example

cli-config-at = { $path }: { $what }
cli-config-at-line = line { $line }: { $what }
cli-config-wrong = { $file } cannot be used:
cli-config-hint = bot.toml.example explains every key; `sereno check` reads the file again.
cli-config-missing-file = { $file } is not there. Copy bot.toml.example to that name and make it yours, or name another file with --config.
cli-config-unreadable = { $file } cannot be read: { $detail }
cli-config-too-large = the number is too large for any key
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
cli-config-keyring-taken = the store keeps another file of its own there, and one would overwrite the other: choose another name
cli-config-keyring-inside = the keys must not stand inside the store's own directory: whoever copies one would have both
cli-config-no-chat = the team's chat is missing: add a table [chat.slack], [chat.matrix] or [chat.console]
cli-config-no-account = there is no account: add a table [[account]] with name, network, base_url and token
cli-config-account-name = "{ $value }" has spaces or control characters in it; take a short name such as "acme"
cli-config-duplicate = the name "{ $value }" is taken already; each must have its own
cli-config-twin = account { $other } has the very same server and token: one account is enough
cli-config-unknown-network = "{ $value }" is no known network. Did you mean "{ $near }"? Possible: { $known }
cli-config-url = this is no address that can be used. Write "https://server", without user, password or query
cli-config-url-scheme = the token would travel unencrypted: write https:// (http:// is for 127.0.0.1, ::1 and localhost only)
cli-config-secret = secrets never stand in this file. Write "env:NAME" for a variable of the environment or "file:PATH" for a file, and change the secret if it stood here
cli-config-secret-missing = the access token is missing: write "env:NAME" or "file:PATH"
cli-config-listen-nothing = there is nothing to listen for: give keywords, hashtags or domains
cli-config-hashtag = "{ $value }" is no hashtag: one word of letters, digits and _
cli-config-domain = "{ $value }" is no domain: give the host alone, such as "acme.example"
cli-config-listen-language = "{ $value }" is no language: give two letters (ISO 639-1), such as "es"
cli-config-route-account = there is no account "{ $value }". Did you mean "{ $near }"? Known: { $known }
cli-config-route-account-far = there is no account "{ $value }". Known: { $known }
cli-config-route-no-account = there is no account "{ $value }", and no other: an account has a section of its own, [[account]], with its name
cli-config-route-unreachable = an earlier route takes everything already; put this one before it
cli-config-room = this terminal has no room "{ $value }", it shows "{ $known }" alone: name that one, or set [chat.console] format = "json" for a program that tells rooms apart
cli-config-language = "{ $value }" is no language code. Write two or three small letters, such as "es"
cli-config-same-name = { $other } is called "{ $value }" too; colleagues must have different names
cli-config-too-long = this is too long: at most { $most } characters
cli-config-too-many = these are too many: at most { $most }
cli-config-canned-empty = this answer has no text: give it one for each language, as in {"{"} en = "…", es = "…" {"}"}
cli-config-template = nothing can be filled in for {"{"}{ $value }{"}"}. Did you mean {"{"}{ $near }{"}"}? Possible: { $known }
cli-config-deadline-order = a higher priority cannot wait longer than a lower one: at most { $most }, as for { $other }
cli-config-audience = this must be at least large_audience, which is { $least }
cli-config-dm-room = private messages would be shown in "{ $value }", which is not among private_rooms: add it there
cli-config-listen = "{ $value }" cannot be listened on: take a loopback address with a port, such as "127.0.0.1:9464"
cli-config-intake = "{ $value }" cannot be listened on: take an address with a port, such as "0.0.0.0:8443"
cli-config-intake-open = everybody could read and forge what comes to { $value }: give tls_cert and tls_key, or say behind_proxy = true where only a reverse proxy with a certificate reaches it
cli-config-public-url = "{ $value }" is no address that networks can send to: take one that begins with https:// and holds no name, password, ? or #
cli-config-public-idle = there is nothing to make known: give intake as well, or take public_url out
cli-config-tls-pair = a certificate and its key belong together: give { $missing } as well
cli-config-tls-idle = there is nothing to secure: give intake as well, or take tls_cert and tls_key out
cli-config-two-chats = there can be one chat only: leave one of [chat.console], [chat.slack] and [chat.matrix] in
cli-config-without-slack = this binary was built without Slack. Build it with `cargo build --release --features slack`, or take [chat.console]
cli-config-slack-no-way = nothing says how events come: give app_token (Socket Mode, the simple way), or signing_secret and listen (HTTP)
cli-config-slack-two-ways = events come one way only: with app_token by Socket Mode, with signing_secret by HTTP. Take one of the two out
cli-config-slack-rotation = tokens that rotate need all three: refresh_token, client_id and client_secret. Where they do not rotate, take them out
cli-config-slack-room = "{ $value }" is no id of a channel, such as "C012AB3CD": it stands at the very bottom of the channel's details in Slack. Names change, ids do not
cli-config-slack-person = "{ $value }" is no id of a member, such as "U012AB3CD": in the member's profile in Slack, under ⋮, “Copy member ID”
cli-config-slack-group = "{ $value }" is no id of a user group, such as "S012AB3CD": it stands at the end of the address of the group's page in Slack
cli-config-slack-prefix = slash commands cannot begin with "{ $value }": small letters, digits, - and _, at most { $most } of them
cli-config-slack-listen = "{ $value }" cannot be listened on: take an address with a port, such as "127.0.0.1:8090", and let a proxy with TLS pass on to it

check-square-ready = The square inside this process is open for { $handle }.
check-square-no-account = The square has no such account: { $why }. Only `sereno demo` uses the square.

cli-alarm-store-full = The disk is full: { $detail }. Nothing is taken in, answered or sent until there is room; nothing is lost. Free some space now.
cli-alarm-store-unavailable = The store cannot be written: { $detail }. Nothing is taken in, answered or sent until it can; nothing is lost.
cli-alarm-store-damaged = The store is damaged: { $detail }. sereno has stopped; run `sereno check --store` and follow what it says.
cli-alarm-store-stopped = The store has stopped: { $detail }. sereno has stopped as well and must be started again; nothing is lost.
cli-alarm-store-back = The store can be written again. Everything that waited goes on.

check-store-whole = { $count ->
    [one] 1 record read: its checksum and seal agree.
   *[other] { $count } records read: every checksum, seal and list agrees.
  }
check-store-damaged = { $why }
check-store-more = { $count ->
    [one] 1 record is damaged in all.
   *[other] { $count } records are damaged in all.
  }
check-store-size = { $disk } KiB on disk for { $records } KiB of records.
check-store-bloated = { $disk } KiB on disk for { $records } KiB of records: to rebuild the store: `sereno export FILE`, stop sereno, move { $store } with its keys and its .seq file aside, `sereno import FILE`.
cli-config-at-both = line { $line }, { $path }: { $what }

cli-help-sereno = Carries public complaints on social networks into the team's chat as cases, and the team's answers back
cli-help-config = The configuration, bot.toml where left out; bot.toml.example explains every key
cli-help-lang = Language of this program's own words: en or es; by default the locale's
cli-help-run = Run the bot until it is told to stop (SIGTERM, SIGINT); SIGHUP reads the configuration again
cli-help-check = Look over the configuration, the tokens and what they may do, and the store; says what to do about each finding
cli-help-check-store = Read the whole store as well, also that of a running bot
cli-help-check-offline = Ask no network
cli-help-demo = Show all of it on a little network of its own: no configuration, no token, no internet
cli-help-demo-auto = A program plays the member of staff; at the end the network's own books are held against what was shown and sent
cli-help-demo-keep = Keep the store in this directory
cli-help-demo-sabotage = Break the bot on purpose, to show that the judge notices: lose, double or stuck
cli-help-digest = Print the figures of a day or a week
cli-help-digest-day = The local day; today where left out
cli-help-digest-week = The seven days up to that day
cli-help-export = Write the whole store as checksummed JSON lines, in the clear: keep the file safe
cli-help-export-file = A new file, or - for standard output
cli-help-import = Make a new store and keyring out of an export, where [store] says
cli-help-import-file = The export
cli-help-outbox = What is on its way to the chat and the networks
cli-help-outbox-list = Show it, dead letters and doubts too
cli-help-outbox-retry = Try a dead letter again, or all of them
cli-help-outbox-drop = Give an entry up
cli-help-outbox-entry = The number that `outbox list` shows
cli-help-listen = Try the listening rules of the configuration on recorded posts; nothing is sent and no store is touched
cli-help-listen-dry-run = The posts as JSON lines with at least "text" (also Jetstream's own), or - for standard input; else id, lang, followers, links, created_at
cli-help-listen-beside = A second file with [[listen]] rules: says what only one of the two catches
cli-help-listen-json = Answer with JSON, one line a post: matched or not, by which rule, at which words (start and end counted in characters)
cli-help-erase = Destroy a case's data beyond recovery
cli-help-erase-case = Its number, such as 42
cli-help-erase-yes = Really; without it the case is only described
cli-help-usage = Usage
cli-help-options = Options
cli-help-commands = Commands
cli-help-arguments = Arguments
cli-help-help = Print help
cli-help-version = Print the version
cli-value-options = OPTIONS
cli-value-command = COMMAND
cli-value-file = FILE
cli-value-lang = LANGUAGE
cli-value-dir = DIRECTORY
cli-value-how = HOW
cli-value-day = YYYY-MM-DD
cli-value-case = CASE
cli-value-entry = NUMBER

# What was typed behind `sereno` cannot be understood.
cli-usage-unknown = There is no “{ $word }”.
cli-usage-unknown-near = There is no “{ $word }”. Did you mean “{ $near }”?
cli-usage-missing = { $word } is missing.
cli-usage-no-value = { $word } needs a value behind it.
cli-usage-value = “{ $value }” cannot be { $word }. Possible: { $known }.
cli-usage-twice = { $word } is too much here, or stands twice.
cli-usage-no-command = What is to be done is missing. `sereno --help` lists the commands.
cli-usage-hint = `sereno --help` shows what there is.

cli-failed = It did not work: { $detail }
cli-output-gone = Nobody reads the console's output any more, so sereno has stopped. Whatever could not be written is written at the next start.
cli-broke = sereno broke down over a fault of its own; the log above says which. What was taken in is safe; start it again.
cli-busy = The running bot did not answer in time; its store may be full. Look at its log, then try again.
cli-control = A bot runs here, but does not answer on { $path }: { $detail }. Try again; if that stays so, stop it and ask again.
cli-listen-no-rules = { $file } has no [[listen]] rules: there is nothing to try.
cli-listen-input = The posts cannot be read: { $detail }. Give a file of JSON lines, or - for standard input.
cli-listen-no-json = line { $line }: no JSON ({ $detail })
cli-listen-no-text = line { $line }: no "text". Each line wants a JSON object with at least "text": "…"
cli-listen-too-long = line { $line }: longer than { $most } bytes
cli-listen-odd = { $count ->
    [one] One line could not be read.
   *[other] { $count } lines could not be read.
  }
cli-listen-posts = { $count ->
    [one] 1 post.
   *[other] { $count } posts.
  }
cli-listen-posts-over = { $count ->
    [one] 1 post,
   *[other] { $count } posts,
  } recorded over { $span }.
cli-listen-rule = { $rule }: { $count } caught
cli-listen-rule-daily = { $rule }: { $count } caught, about { $daily } a day
cli-listen-by = at { $words }
cli-listen-misspelled = { $word } (misspelled)
cli-listen-disguised = { $word } (disguised)
cli-listen-none = caught by no rule: { $count }
cli-listen-only = caught by { $file } alone: { $count }
cli-listen-only-daily = caught by { $file } alone: { $count }, about { $daily } a day
cli-listen-both = caught by both: { $count }
cli-listen-sample = line { $line }: { $text }
cli-http = Health and metrics cannot be served on { $address }: { $detail }. Change [http] listen, or stop what uses that port.
cli-http-intake = Webhooks cannot be served on { $address }: { $detail }. Change [http] intake, tls_cert or tls_key, or stop what uses that port.
cli-account-token = The token of account { $account } cannot be had: { $detail }. Put it where `token` says, or change `token`.
cli-account-wrong = Account { $account } cannot be used: { $detail }.
cli-no-store = There is no store at { $path } yet: `sereno run` makes it. If it should be there, check [store] path.
cli-store-full = The disk of { $path } is full: { $detail }. Free some space, or lower [store] min_free_mb.
cli-store-unavailable = The store { $path } cannot be used: { $detail }
cli-store-damaged = The store { $path } cannot be used: { $detail }
cli-store-keyring = The keys of the store { $path } cannot be used: { $detail }. Without them nothing in the store can be read. Put the keyring back from its backup, as it was when the store was last open, then run `sereno check --store`. If there is no copy of it, move the store, its .seq file and the keyring aside, and run `sereno import FILE` with your last export.
cli-store-error = The store did not do it: { $detail }
cli-day-ahead = The day { $value } has not begun: there are no figures of it yet.
cli-bad-day = "{ $value }" is no day. Write it as 2026-11-21.
cli-erase-confirm = Case { $case }: { $status }, opened { $opened }, { $posts ->
    [one] one post
   *[other] { $posts } posts
  }.
cli-erase-yes = Nothing was erased. What is erased cannot be brought back; if you are sure: sereno erase { $n } --yes
cli-erase-on-its-way = Nothing was erased: an answer of { $case } is on its way or waits for somebody. Settle it first (undo, discard, or sereno outbox drop N), then erase.
cli-erased = The data of case { $case } was destroyed. Its number stays used.
cli-erase-busy = Nothing was erased: a message about { $case } is just on its way to the chat. Try again in a moment.
cli-erased-with = The data of case { $case } was destroyed, and with it { $others }, merged into it. Their numbers stay used.
cli-erased-from = The data of case { $case } was destroyed, and what { $other } had taken over from it. Its number stays used.
cli-exported = { $records ->
    [one] 1 record
   *[other] { $records } records
  } written to { $file }. It holds personal data in the clear: keep it safe, delete it when done.
cli-export-folder = The folder { $folder } is not there. Make it (`mkdir -p { $folder }`), or name another file.
cli-export-output = Standard output could not be written: { $detail }. What was written so far is no whole export.
cli-export-exists = { $file } is there already: name a new file.
cli-export-cut = The export was cut short and cannot be imported. Try again.
cli-imported = { $records ->
    [one] 1 record
   *[other] { $records } records
  } taken into the new store { $path }.
cli-imported-unsent = { $count ->
    [one] One answer was
   *[other] { $count } answers were
  } still to go out when the export was made, and may have gone out since: sending is paused. Look through `sereno outbox list`, take out with `sereno outbox drop N` what customers have got, and then let a lead type `resume` in the chat.
cli-reloaded = The configuration was read again and holds from now on.
cli-no-reload = There is no bot.toml here to read again: the demo brings its own rules. `sereno run` has one.
cli-reloaded-restart = The configuration was read again and holds from now on, but for { $sections }: that takes a restart.
cli-reload-bad = The configuration was not taken over, the old one stays: { $what }{ $more ->
    [0] .
   *[other] {" "}(and { $more } more; `sereno check` says all).
  }

check-well = ok
check-ill = WRONG
check-config = { $file } is sound.
check-no-lead = Nobody is a lead: nobody can approve, pause sending, take back or change a published answer, or give a case to somebody else. Give somebody `role = "lead"` under [people].
check-no-private-room = No room is named for private messages: sereno carries them, but shows their text nowhere. Name a room that only the team reads under [privacy].
check-account-off = Switched off; nothing was looked at.
check-account-token = The token is there ({ $token }); the network was not asked.
check-account-silent = { $url } did not answer within a minute. Check base_url and this machine's way out.
check-store-there = At { $path }, its keys in { $keyring }.
check-store-new = None yet: `sereno run` makes it at { $path }, its keys in { $keyring }.
check-store-no-keys = The keys { $keyring } are missing: without them nothing personal in { $path } can be read. Bring the file back from its backup.

# What could not be read.
cli-help-parked = Shows what came from the chat and could not be read
cli-help-parked-list = Lists it: id, when it came, how long it is, why it could not be read
cli-help-parked-show = Prints one of it as it came; it may hold personal data
cli-help-parked-drop = Keeps one of it, or all, no longer
cli-help-parked-id = The id that the list shows
cli-help-parked-all = All of it
cli-parked-none = Everything that came could be read.
cli-parked-line = { $id } · { $at } · { $bytes } bytes · { $why }
cli-parked-cut = (cut: { $kept } of { $bytes } bytes were kept)

slack-manifest-about = Public complaints as cases in your channel, and your answers back
slack-manifest-head = The Slack app of sereno, made by `sereno slack-manifest` from the commands it knows. Paste it at https://api.slack.com/apps: Create New App, From a manifest.
slack-manifest-case = Any of sereno's commands, such as: claim 42, list mine, help reply
slack-manifest-case-hint = claim 42
slack-shortcut-draft = Draft reply
slack-shortcut-draft-about = Opens a form for an answer to this case; nothing is sent
slack-shortcut-handoff = Hand off
slack-shortcut-handoff-about = Asks this case's customer into a private conversation
cli-help-slack-manifest = Print the manifest of the Slack app, to be pasted at https://api.slack.com/apps
cli-help-slack-manifest-prefix = What the names of slash commands begin with, as slash_prefix in [chat.slack]
cli-help-slack-manifest-url = Events come by HTTP to this address instead of by Socket Mode
cli-slack-prefix = Slash commands cannot begin with "{ $value }": small letters, digits, - and _, at most { $most } of them.
cli-slack-url = "{ $value }" is no address that Slack can call: it begins with https://.

# Slack.
check-slack-ready = Signed in as { $name } in the workspace { $team }.
check-slack-is-app-token = { $key } holds an app-level token (xapp-…): it belongs into app_token. What belongs here begins with { $wanted }.
check-slack-is-bot-token = { $key } holds a bot token (xoxb-…): it belongs into bot_token. What belongs here begins with { $wanted }.
check-slack-is-user-token = { $key } holds a person's token (xoxp-…): everything would be done in that person's name. Take the one that begins with { $wanted }.
check-slack-is-refresh-token = { $key } holds a refresh token (xoxe-…): it belongs into refresh_token. What belongs here begins with { $wanted }.
check-slack-is-no-token = What { $key } holds is no token of Slack: the right one begins with { $wanted }. On the app's page, bot tokens stand under “OAuth & Permissions”, app tokens under “Basic Information”.
check-slack-token = Slack does not take bot_token ({ $why }). On the app's page, “OAuth & Permissions”: install the app to the workspace again and copy its bot token.
check-slack-renewal = The bot's token has ended, and a new one could not be had and kept: { $why }. The folder of the store must be there and may be written to; else put a new pair of tokens into bot_token and refresh_token.
check-slack-scopes = The token has all { $count } scopes.
check-slack-scope-missing = The token lacks the scope { $scope }. Put the manifest of `sereno slack-manifest` into the app once more and install the app to the workspace again.
check-slack-scopes-unknown = Slack did not say what the token may do. Check api_url, and that a proxy in between leaves headers alone.
check-slack-socket = Socket Mode is open.
check-slack-socket-token = Slack does not take app_token ({ $why }). On the app's page, “Basic Information”: make an app-level token with the scope connections:write.
check-slack-socket-scope = app_token lacks the scope connections:write. On the app's page, “Basic Information”: make another app-level token with it.
check-slack-socket-off = Slack opens no socket ({ $why }). On the app's page, switch “Socket Mode” on.
check-slack-room = sereno is in #{ $name }.
check-slack-room-unknown = There is no channel { $room }, or it is private and sereno is not in it. Check the id (at the bottom of the channel's details), and invite it there: /invite @sereno
check-slack-room-refused = Slack does not show the channel { $room } ({ $why }). Put the manifest of `sereno slack-manifest` into the app once more and install it again.
check-slack-room-archived = The channel { $room } is archived: nothing can be posted there. Unarchive it, or name another.
check-slack-room-not-in = sereno is not in the channel { $room }. Invite it there: /invite @sereno
check-slack-room-shared = The channel { $room } is shared with another company. Customers' complaints do not belong there: name one of your own workspace.
check-slack-room-public = [privacy] names the channel { $room }, but it is public: no private message is shown there. Make it private in Slack, or take it out of [privacy].
check-slack-group = The user group { $group } has { $count ->
    [one] one member, an agent.
   *[other] { $count } members, all agents.
  }
check-slack-group-empty = The user group { $group } has no members who may act, so it makes nobody an agent. Add some in Slack, or take user_group out.
check-slack-group-others = { $count ->
    [one] One member of { $group } may give no commands: a guest, a bot, or somebody who left or is of another workspace.
   *[other] { $count } members of { $group } may give no commands: guests, bots, or people who left or are of another workspace.
}
check-slack-group-unknown = There is no user group { $group } ({ $why }). Its id stands at the end of the address of its page in Slack.
check-slack-people = { $count ->
    [one] The one member in [people] is a colleague of this workspace.
   *[other] All { $count } members in [people] are colleagues of this workspace.
  }
check-slack-people-more = { $count } more were not looked up: Slack would take too long.
check-slack-person-unknown = Nobody in this workspace has this id ({ $why }). Copy it from the profile in Slack: ⋮, “Copy member ID”.
check-slack-person-gone = Their account is deactivated. Take them out of [people].
check-slack-person-invited = They are invited and have not joined yet: until then they may give no commands.
check-slack-person-bot = This is a bot: it may give no commands. Take it out of [people].
check-slack-person-guest = This is a guest: guests may give no commands, whatever their role. Take them out, or make them a full member in Slack.
check-slack-person-stranger = They belong to another workspace: they may give no commands. Take them out of [people].
check-slack-unreachable = { $url } did not answer ({ $why }). Check api_url and this machine's way out.
check-store-only-rest = There is no store at { $path }, but { $left } of one. Bring the store back, correct [store] path, or move these aside to begin anew.
check-store-behind = The file { $seq } goes up to commit { $acked }, the store up to commit { $found }: most likely it comes from an older copy, and an end of the log that is missing would go unseen. If the store is the one that was meant, start sereno: the next commit puts it right.
check-store-space = { $free } MiB are free for { $path }, but [store] min_free_mb wants { $least }: nothing would be taken in. Make room, or lower it.
check-keyring-folder = The folder { $folder } of the keys { $keyring } cannot be written by this user: `sereno erase` could destroy no key. Change its owner or mode.
check-store-refused = { $path }: { $why }
cli-config-type-number = { $found } is no whole number. Write digits without quotes, such as 10
cli-config-type-text = { $found } is no text. Write it in quotes, such as "text"
cli-config-type-bool = { $found } is neither true nor false. Write one of the two, without quotes
cli-config-type-list = { $found } is no list. Write it in brackets, such as ["one", "two"]
cli-config-type-table = { $found } is no table. Its keys go on lines of their own below a heading in brackets; bot.toml.example shows it
cli-help-outbox-retry-all = All dead letters, but for sends that may have been published already: name those one by one
cli-outbox-all = { $count ->
    [0] There is no dead letter that can simply be tried again.
    [one] One dead letter is tried again.
   *[other] { $count } dead letters are tried again.
  }
cli-outbox-doubtful = Entry { $entry } may have been published already. Look on the network; if it is not there: sereno outbox retry { $entry }, else: sereno outbox drop { $entry }
cli-not-a-case = "{ $value }" is no case number. Write it as 42 or #42.
cli-not-an-entry = "{ $value }" is no entry's number. `sereno outbox list` shows them at the beginning of each line.
cli-import-file = This export cannot be imported: { $detail }
cli-outbox-which = Which one? Give the number that `sereno outbox list` shows, or --all for all dead letters.
cli-config-host = "{ $value }" is no host name. Write it without https:// and port, such as "streaming.mastodon.example"
check-mastodon-streaming-host = the server names { $host } for its streams, which is neither its own host nor below it: the token is not sent there, the server's own host is tried. If that host is right, add streaming_host = "{ $host }" to this [[account]] in bot.toml
cli-alarm-account-down = { $account } has not been read for { $minutes } minutes: { $why }. What people write there meanwhile is taken in as soon as it works again, answers wait until then; nothing is lost. See whether the server is up; `sereno check` says more.
cli-alarm-account-back = { $account } is read again. What was written meanwhile comes in now.
cli-alarm-passed-over = { $count ->
    [one] One item that { $account }'s server sent cannot be read and was passed over
   *[other] { $count } items that { $account }'s server sent cannot be read and were passed over
  }; the log says which. Look at the account's notifications on the server itself.
cli-alarm-gap = More was written to { $account } than its network lets be read back ({ $stream }): the oldest of it is missing here. Look on the network itself at what came since the account was last read.

# Matrix.
cli-config-without-matrix = this binary was built without Matrix. Build it with `cargo build --release --features matrix`, or take [chat.console]
cli-config-matrix-two-ways = there is one way to sign in: give password or access_token, not both
cli-config-matrix-prefix = commands cannot begin with "{ $value }": one to { $most } signs, such as "!", without letters, digits, blanks, / and @
cli-config-matrix-server = "{ $value }" is no name of a homeserver, such as "partner.example": the part of its people's ids behind the colon
cli-config-matrix-room = "{ $value }" is no id of a room, such as "!abc:example.org": it stands in the room's settings under “Advanced”. Names and #addresses change, ids do not
cli-config-matrix-person = "{ $value }" is no full id, such as "@ana:example.org": it stands under the name in the person's profile
cli-help-matrix = Look after the keys of the bot's Matrix account
cli-help-matrix-recover = Make a new device out of the recovery key, where the keys of Matrix were lost
cli-help-matrix-recovery-key = Print the recovery key, as long as its file stands where it was written
cli-matrix-none = bot.toml has no [chat.matrix].
cli-matrix-no-recovery-key = There is no recovery key in { $file }: it is written there when the bot first signs in; perhaps somebody has put it where secrets are kept.
cli-matrix-recovered = Recovered: the new device { $device } is verified by the account's own keys. `sereno run` goes on from here; old messages are decrypted as their keys come out of the backup.
cli-matrix-failed = Nothing was done: { $detail }.
why-file-unread = { $file } cannot be read: { $why }
why-file-unwritten = { $file } cannot be written: { $why }
why-file-odd = { $file } is not what it should be
why-matrix-taken = another process works with the Matrix keys in { $file }: there can be one only, or decryption breaks for good
why-matrix-needs-recovery = the account { $name } has keys of its own already, which this machine does not have. Put its recovery key into { $file } and run `sereno matrix recover`
why-matrix-other-session = { $file } holds the session of { $name }, not of { $wanted }: name another directory, or move this one away
why-matrix-session-odd = the session of Matrix cannot be read
why-matrix-session = the session of Matrix: { $why }
why-matrix-sync = the homeserver did not say what there is: { $why }
why-matrix-account-keys = the homeserver does not tell of the account’s keys: { $why }
why-matrix-recovery-unmade = the recovery of the account’s keys could not be set up; it is tried again at the next start
why-matrix-wrong-key = the recovery key does not fit this account
why-matrix-unverified = the new device is not verified by this recovery key
why-matrix-databases = the databases of Matrix in { $file } cannot be opened: perhaps their key is another one
why-matrix-address = { $url } cannot be used as the homeserver’s address
why-matrix-not-let-in = the homeserver does not let the bot in: { $why }
why-matrix-token = the homeserver does not take the access token: { $why }
why-matrix-other-user = the secret is that of { $name }, not of { $wanted }
why-matrix-no-device = the access token belongs to no device: it cannot be used for encryption
why-matrix-keyed = the access token belongs to the device { $name }, which has keys already: another program’s, or those of a directory that is lost. New ones would make both unable to read. Sign in anew, and give the bot a token of a device of its own
why-matrix-nothing-lost = nothing is lost: { $file } holds a session of { $name }. If its databases are damaged, move the directory away first
why-matrix-no-recovery-key = there is no recovery key in { $file }
check-matrix-unreachable = { $url } did not answer as a homeserver ({ $why }). Check homeserver and this machine's way out.
check-matrix-session-unread = { $why }. If it is damaged, move the directory away and run `sereno matrix recover`.
check-matrix-session = The homeserver no longer takes the bot's session ({ $why }). Move the directory of [chat.matrix] store away, put the recovery key into its file and run `sereno matrix recover`.
check-matrix-not-yet = { $name } has not signed in yet; `sereno run` does it once, with the password.
check-matrix-no-password = The homeserver takes no passwords. Give an access_token that belongs to the bot alone.
check-matrix-other-user = The session is that of { $name }, not of { $wanted }. Correct user, or name another directory under store.
check-matrix-ready = Signed in as { $name }.
check-matrix-device = The device { $name } is verified by the account's own keys.
check-matrix-device-unsigned = The device { $name } is not verified by the account's own keys: clients warn of it. Move the directory of [chat.matrix] store away and run `sereno matrix recover`.
check-matrix-device-unknown = The homeserver does not tell of the bot's keys ({ $why }).
check-matrix-recovery-key = The recovery key stands in { $file }: put it where you keep secrets, on another disk. A lost store is recovered with it alone.
check-matrix-rooms-unknown = The homeserver does not say which rooms the bot is in ({ $why }).
check-matrix-room-not-in = { $name } is not in the room { $room }. Invite it there; it accepts when somebody whom [people] names invites it, while `sereno run` runs.
check-matrix-room-unread = The homeserver does not show the room { $room } ({ $why }).
check-matrix-room-unencrypted = [privacy] names the room { $room }, but it is not encrypted: no private message is shown there. Switch encryption on, or take it out of [privacy].
check-matrix-room-open = [privacy] names the room { $room }, but others than those who are invited can come in: no private message is shown there. Make it by invitation only, or take it out of [privacy].
check-matrix-room-world-readable = [privacy] names the room { $room }, but anybody can read its history: no private message is shown there. Let only members read it (“History visibility” in the room's settings under “Security”), or take it out of [privacy].
check-matrix-room-bridged = [privacy] names the room { $room }, but a bridge carries it to another network: no private message is shown there. Remove the bridge, or take the room out of [privacy] and name one without a bridge.
check-matrix-room-replaced = The room { $room } was replaced by { $other }, and perhaps nobody reads it any more. Put the other one's id into bot.toml in its place, and invite the bot there.
check-matrix-room-mute = The bot may not write in the room { $room }. Raise its power level there.
check-matrix-room = sereno is in the room { $room }, which is not encrypted.
check-matrix-room-encrypted = sereno is in the room { $room }, which is encrypted.
check-matrix-room-no-pins = The bot may not pin in the room { $room }: urgent cards are not pinned. Raise its power level to that of m.room.pinned_events, usually 50.
check-matrix-people = { $count ->
    [one] The one person of [people] has a well-formed id.
   *[other] The { $count } people of [people] have well-formed ids.
  }
check-matrix-person-unknown = The homeserver knows nobody by this id. Copy it from the person's profile.
check-matrix-nobody = Nobody may act in Matrix, nor invite the bot: name the team under [people], by their full ids ("@ana:example.org").
check-matrix-servers = All accounts of { $servers } may act as agents, bots too: allowed_servers says so.
check-matrix-limit = The homeserver takes one message in { $seconds } s from the bot: cards and answers come late. An administrator of Synapse lifts it by POST /_synapse/admin/v1/users/{ $name }/override_ratelimit with the body {"{"}"messages_per_second": 0, "burst_count": 0{"}"}; for all users it is rc_message in homeserver.yaml.
check-matrix-no-limit = No limit of messages was met.
check-matrix-limit-unknown = The limit of messages could not be tried ({ $why }).

# What the store says of itself, within a sentence that names it.
why-store-damaged = { $what }. To restore the last export: move { $store }, { $seq } and { $keyring } aside, then run `sereno import FILE`
why-store-bad-record = record { $record }: expected { $expected }, found { $found }
why-store-bad-records = expected records that can be read, found damage
why-store-bad-log = expected a log that can be read, found damage in its file db
why-store-bad-log-at = expected a whole log, found damage in its file db, at byte { $at }
why-store-bad-settings = expected the settings of a store of sereno in its file conf, found others: the file is damaged
why-store-bad-sidecar = its file { $seq } is damaged: { $why }
why-store-lost-end = expected { $expected } commits, the last of them acknowledged, found { $found }: the end of the log is gone
why-store-half-written = expected all of what was written last, found a part of it: the power went, most likely, as it was written
why-store-lost-cases = expected { $expected } cases ({ $expected_open } open) as last committed, found { $found } ({ $found_open } open), or older ones
why-store-lost-entries = expected { $expected } entries in the outbox, found { $found }
why-store-no-keyring = expected its keyring, found none
why-store-no-data = its data is not there, though its keyring { $keyring } is: the directory is missing, empty or without its files. Correct [store] path if that is wrong, or put the directory back with its file { $seq }
why-store-no-sidecar = the sidecar { $seq }, which says how far it was acknowledged, is missing: put the file back, it belongs to the directory
why-store-foreign-keyring = the keyring { $keyring } is that of store { $instance }, but { $what } is another store's. Most likely the keyring is the wrong one: put this store's own in its place, or name it in [store] keyring. If it is lost for good, move { $store }, { $seq } and { $keyring } aside, then run `sereno import FILE`
why-store-foreign-sidecar = its file { $seq }
why-store-foreign-data = what lies here ({ $found })
why-store-newer = record { $record } has format { $format }, this sereno reads up to { $upto }: run the newer sereno that wrote it
why-store-stopped = it met a fault and takes nothing more ({ $why })
why-store-in-use = another process has it open, perhaps another `sereno run`: stop that one first
why-store-permission = this user may not read or write { $path }; change its owner or mode, or correct [store] path
why-store-not-empty = expected an empty directory, or a store of sereno; found other files: name another directory
why-store-import-unfinished = an import into it did not finish; run `sereno import FILE` again
why-store-import-taken = an import needs an empty place, but { $keyring } belongs to a store; stop the bot that uses it and move { $store }, { $seq } and { $keyring } aside, or name another [store] path
why-store-keyring-missing = expected its keyring { $keyring }, found none, and without it nothing can be read; put the file back. If it is lost for good, move { $store } and { $seq } aside, then run `sereno import FILE`
why-store-keyring-inside = keyring { $keyring }: must lie outside of the store { $store }: choose another place
why-store-keyring-taken = keyring { $keyring }: the store keeps another file of its own there, and one would overwrite the other: choose another name, such as { $store }.keys
why-store-keyring-folder = keyring { $keyring }: its folder { $folder } is not there; make it (`mkdir -p { $folder }`), or correct [store] keyring
why-store-keyring-mode = keyring { $keyring }: expected a file that only its owner can read (mode 600), found mode { $mode }; run `chmod 600 { $keyring }`
why-store-keyring-permission = keyring { $keyring }: this user may not read or write it, or its folder; change their owner or mode, or correct [store] keyring
why-store-keyring-unfit = keyring { $keyring }: expected { $expected }, found { $found }
why-store-keyring-newer = keyring { $keyring }: a later sereno wrote it; run that one
why-store-no-room = { $free } bytes are free for { $path }, at least { $least } are wanted: make room
why-store-no-room-to-open = { $free } bytes are free for { $path }, at least { $least } are needed to open it: make room, then start again
why-store-no-room-left = no room is left for { $path }: make some
why-store-no-room-copy = so as to change nothing, a copy of { $path } is read, and there is no room for it: make room
why-store-export-directory = { $file } is a directory: name the file that `sereno export` wrote
why-store-export-missing = { $file } is not there: name the file that `sereno export` wrote
why-store-export-newer = { $file }: format { $format }, this sereno reads up to { $upto }: import with the newer one
why-store-export-damaged = export { $file }, line { $line }: expected { $expected }, found { $found }; nothing was imported: use another export

why-secret-no-variable = the environment has no { $name }
why-secret-unreadable = { $path }: { $why }
why-secret-empty = { $place } is empty
why-secret-not-named = no secret is named
why-store-export-no-room = no room is left on the disk that the export is written to: make some, or name a file on another disk
why-store-export-unwritten = the export cannot be written: { $why }
why-store-no-room-to-spool = there is no room beside { $path } to keep the export while it is read: make some, or name a file on another disk
cli-export-failed = The export { $file } was not written: { $detail }.
cli-demo-keep = { $folder } is not empty: give --keep a directory that does not exist yet.
cli-chat-secret = { $key } cannot be had: { $detail }. Put it where bot.toml says, or correct { $key } there.
cli-config-elsewhere = this key means nothing on the network { $network }: take it out
cli-config-price = this is no amount: write US dollars such as 0.015, from 0 to 1000000000
cli-config-x-consumer = consumer_key and consumer_secret go together: give both, or neither
cli-config-x-tokens = account { $other } keeps its tokens in the very same file: each needs its own
cli-account-secret = Account { $account }: { $key } cannot be had: { $detail }. Put it where `{ $key }` says, or change `{ $key }`.
check-x-offline = its tokens belong in { $file }; X was not asked.
cli-value-network = NETWORK
cli-value-name = NAME
cli-help-login = Sign an account on X in: a person allows it in the browser, once
cli-help-login-network = The network: x
cli-help-login-account = The account's name in bot.toml, where there are several on X
cli-help-login-replace = Also where it is another account of X than before
cli-login-open-here = Open this address in a browser where { $account } is signed in to X, and allow what is asked:

  { $url }

  The browser then comes back here by itself. If it runs on another machine, copy the address that it ends at and paste it here.
cli-login-open = Open this address in a browser where { $account } is signed in to X, and allow what is asked:

  { $url }

  Then copy the address that the browser ends at, even if no page shows, and paste it here.
cli-login-page = Done: sereno may act as this account. This page can be closed.
cli-login-refused = X was told no; nothing was changed.
cli-login-foreign = This address does not belong to this attempt: open the one printed above.
cli-login-incomplete = There is no code in this. Paste the whole address that the browser ended at, with what stands behind the question mark.
cli-login-late = Nobody allowed it within a quarter of an hour; nothing was changed. Run `sereno login x` again.
cli-login-nothing = Nothing was pasted; nothing was changed.
cli-login-none = bot.toml has no account on X: add an [[account]] with network = "x".
cli-login-which = Which account? Name it with --account: { $known }
cli-login-unknown = No account on X is called "{ $value }". There are: { $known }
cli-login-other = This is { $handle }, another account than the one signed in before; nothing was changed. If that is meant: `sereno login x --replace`, then restart the bot.
cli-login-unreadable = You are { $handle }, but whose tokens stood there before cannot be told ({ $why }); nothing was changed. If { $handle } is meant: `sereno login x --replace`.
cli-login-twice = { $other } is signed in as { $handle } already, and each mention would come twice; nothing was changed. Sign in to X in the browser as the account that is meant, then run it again.
cli-login-failed = Nobody was signed in: { $why }.
cli-login-missing = Not everything that is needed was allowed ({ $scopes }): see to the app's permissions on X, then sign in again.
cli-login-done = { $account } is signed in as { $handle }. A bot that runs as the same account goes on by itself; one that ran as another has to be started again.
