### Why something is not done, why a send waits or came to nothing, and what is said in a room.

# Refusals: one a reason (src/case/refusal.rs). Each says what to do.
refused-unknown-verb = There is no command “{ $verb }”. Type `help` for the list.
refused-unknown-verb-near = There is no command “{ $verb }”. Did you mean `{ $near }`?
refused-unknown-case = There is no case { $case }. Type `list` for the open ones.
refused-erased = Case { $case } was erased { $at }: nothing of it is left.
refused-erased-once = Case { $case } was erased: nothing of it is left.
refused-which-case = Which case? Put its number behind the command, as in `claim 42`.
refused-usage = Something is missing. It goes: { $usage }
refused-too-much = “{ $extra }” is too much. It goes: { $usage }
refused-not-one-of = “{ $given }” is none of these: { $values }. It goes: { $usage }
refused-day-ahead = The day { $day } has not begun: there are no figures of it yet.
refused-which-case-field = Which case? Name its number in "case", or its thread in "thread".
refused-not-a-case = “{ $given }” is no number of a case. It goes: { $usage }
refused-bad-label = “{ $given }” cannot be a label. A label has 1 to { $most } letters, digits, “-” or “_”, and begins with a letter or digit.
refused-needs-role = That takes the role { $role } or a higher one. Ask a lead.
refused-not-staff = You are not on the team's list, so nothing was done. An operator can add you under [people].
refused-id-used = The id “{ $id }” was used for another command before, and that one stands. Give this one an id of its own.
refused-new-text = Not approved: this text took the place of another one a moment ago. Read it; `approve { $n } { $version }` lets it go:
refused-other-text = Not approved: another text waits now. Read it; `approve { $n } { $version }` lets it go:
refused-other-draft = Nothing was done: another draft took the place of that one. This is the draft now; `reply { $n }` sends it:
refused-no-such-field = Nothing was done: `{"{"}{ $typed }{"}"}` is no field, and would reach the customer as it stands. Did you mean `{"{"}{ $field }{"}"}`?
refused-text-gone = Nothing was done: that text no longer waits here. It was sent, changed or thrown away.
refused-text-gone-now = Nothing was done: that text no longer waits here. This one is on its way now:
refused-wrong-door = This command cannot be given by { $door }. Type it instead.
door-slash = a slash command
door-text = a message
door-button = a button
door-reaction = a reaction
door-modal = a form
door-console = a line of the console
refused-unknown-room = There is no room “{ $room }”. Known here: { $known }. Leave the room out where it does not matter.
refused-unknown-person = Nobody called “{ $name }” can take cases. These can: { $known }.
refused-unknown-person-nobody = Nobody called “{ $name }” can take cases. An operator can name people under [people].
refused-owned-by = { $agent } has this case already. Talk to them, or ask a lead to assign it to you.
refused-already-yours = This case is yours already.
refused-not-owned = Nobody has this case. `claim` it first.
refused-status = That cannot be done to a case with the status “{ $status }”.
refused-status-resolved = The case is resolved. `reopen` opens it again.
refused-status-quarantined = The case is hidden as noise. `restore` brings it back.
refused-no-draft = There is no draft to send. Write the text behind the command, or a draft first.
refused-nothing-to-discard = There is nothing to throw away: no draft, and no answer that is held or waits for approval. `undo` stops one that is about to go out.
refused-nothing-to-answer = No post of the customer stands that could be answered.
refused-too-long = { $length } characters by the network's count, and at most { $max } fit. Shorten it.
refused-picture-alone = A picture needs a text beside it: write it behind the command, in the same message as the picture. Nothing was taken.
refused-picture-here = A correction changes the text alone: pictures stay as they were published. Nothing was taken.
refused-no-pictures = No picture can go with this text: the network, or this way of reaching the customer, takes none from sereno. Send the text without it, or put a link in it.
refused-too-many-pictures = { $count } files, and at most { $most } go with this text. Nothing was taken: write it again with fewer.
refused-wrong-kind = File { $file } is none of the kinds of picture that the network takes ({ $kinds }). Nothing was taken: write it again with one that is.
refused-picture-too-large = File { $file } is too large: at most { $most } MB. Nothing was taken: write it again with a smaller one.
refused-empty = The text is empty.
refused-send-under-way = Another answer of this case is not settled yet. Undo it, or wait until it is out.
refused-in-doubt = It is not known whether an earlier answer of this case stands on the network. `sereno outbox list` shows its number. Look there, then type `sereno outbox retry` if it is missing or `sereno outbox drop` if it stands.
refused-nothing-to-approve = Nothing waits for approval here.
refused-on-hold = It is held now, because { $reason }. `reply` aims it at what stands there now, `discard` drops it.
refused-own-draft = Whoever wrote an answer does not approve it. Ask another lead.
refused-nothing-to-undo = There is nothing left to undo.
refused-too-late = Too late: it has left already. A lead can retract or correct what was published.
refused-by-hand = The network takes this answer from a person alone. Write it there, signed in as the company: { $url } – then tell of it: `posted { $n } <its address>`.
refused-answers-closed = The network lets nobody answer this post.
refused-not-an-address = “{ $given }” is not the address of a post. Copy it from the network: it begins with https://.
refused-not-our-post = That is the address of a post that stands here already and is not ours. Open the answer that you wrote below it, and copy that one's address.
refused-other-site = This case is not on { $given }. The address of your answer begins with https://{ $known }/.
refused-would-be-public = This would be public: they take no private message from us. Nothing was sent. `handoff { $n }` without a text asks them in public to write to us; what everybody may read goes with `reply { $n }`.
refused-no-private-route = This network has no private way to this customer. Answer in public, without personal data.
refused-route-shut = The network takes no further private message to this customer before they write again. Answer in public, without personal data.
refused-no-handoff = No private conversation is open. Begin one with `handoff`.
refused-nothing-published = There is no published answer of ours here to act on.
refused-not-on-this-network = This network cannot do that.
refused-same-case = That is the same case.
refused-merged-into = This case was merged; it lives on as { $case }.
refused-other-customer = Those are cases of two different customers; they are not merged. You can link them.
refused-already-so = It is so already.
refused-bad-time = “{ $text }” is no length of time. Say `30m`, `2h` or `1d`.

# Why a send waits for a person.
hold-customer-wrote = the customer has written again
hold-target-edited = the post it answers was changed
hold-answered-outside = our account has already answered outside of sereno

# Why a send came to nothing.
stop-undone = it was undone
stop-rejected = it was rejected
stop-superseded = a newer text took its place
stop-target-gone = the post it answers is gone
stop-right-lost = whoever sent it may no longer do so
stop-case-closed = the case was resolved, hidden or merged meanwhile
stop-refused = the network refused it
stop-dropped = it was given up by hand
stop-retracted = it was retracted later
stop-deleted-there = it was deleted on the network itself
stop-erased = the case it came from was erased
stop-unfit = it cannot go as it is

# Behind a colon: sereno’s own reasons.
why-person-gone = the network no longer finds the customer’s account: deleted, suspended or moved
why-person-changed = the network now has somebody else under the customer’s account
why-person-not-found = the network does not find the person
why-names-other = a private message goes to everyone it names: take the @ off { $other }
why-not-kept-private = the network did not keep the message private; it was taken back
why-never-published = the answer it is about was never published
why-handle-unfit = the person’s handle cannot be written in a post
why-account-gone = the account is no longer configured
why-too-long = it is longer than the network takes
why-not-in-room = the bot is not in this room
why-no-key = no key came to decrypt it
why-in-doubt = nobody can find out whether it stands there
why-not-slack = what answers there (HTTP { $status }) is not Slack’s API
why-answer-too-long = the answer is longer than any of Slack’s
why-may-not-answer = X lets apps answer only who named or quoted the account; by hand it can be answered on X itself
why-no-dms = the person takes no private messages from the account
why-no-pictures = no pictures can be sent there
why-picture-gone = file { $file } is no longer in the chat, or the bot may not see it: write the text again, with the picture
why-picture-too-large = file { $file } is larger than the network takes: write the text again, with a smaller picture
why-picture-odd = file { $file } is no picture that can be sent, whatever it is called: save it anew as PNG or JPEG, and write the text again with it
why-picture-not-readable = the bot cannot read the chat’s files ({ $detail }). For Slack: give the app the scope files:read, install it again, and write the text again
why-picture-no-right = the network takes no pictures from this sign-in ({ $detail }): for X, sign in again with `sereno login x`, and write the text again
why-picture-refused = the network refuses a picture ({ $detail }): write the text again, with another picture
why-same-text = the network refuses the same text a second time: change a word
why-cannot-change = the network does not let apps change what was published
why-wrong-lane = it was on its way to the wrong place; please report this as a fault of sereno

# What keeps Matrix from answering.
why-matrix-no-answer = the homeserver did not answer in time
why-matrix-no-connection = no connection to the homeserver
why-matrix-broke-off = the connection to the homeserver broke
why-matrix-odd-answer = the answer is not a homeserver’s
why-matrix-no-homeserver = what answers there (HTTP { $status }) is not a homeserver
why-matrix-databases-failed = the bot’s Matrix databases failed
why-matrix-not-encrypted = it could not be encrypted
why-matrix-library = the Matrix library failed
why-matrix-invited = the bot is invited and not in this room yet
why-matrix-not-signed-in = the bot is not signed in to Matrix yet
why-matrix-not-kept = the bot could not note it down
why-matrix-unfit = the room is not fit for private messages
why-matrix-own-unread = the bot cannot decrypt its own earlier messages yet

# What operators may not do with the outbox.
refused-no-entry = There is no entry { $entry } in the outbox. `sereno outbox list` shows what is there.
refused-entry-in-flight = Entry { $entry } is on its way at this very moment. Wait for how it ends.

# What is said in a room, outside of any thread.
notice-auth-lost = The network no longer accepts the token of the account { $account } ({ $why }). Nothing is lost: sending waits and reading is tried again. Put a new token of the same account where `token` of that account in bot.toml points: a file (`file:`) is read again by itself, a variable (`env:`) with the next start.
notice-costs-nearly = { $account } has cost { $spent } US dollars in { $month }, four fifths of its budget of { $budget } or more. From now on posts found by search, and how posts spread, are read more seldom; mentions and private messages are read as ever, and answers go out.
notice-costs-spent = { $account } has cost { $spent } US dollars in { $month }: its budget of { $budget } is spent. Until the month ends nothing is searched for and posts are not looked up again; mentions and private messages are read more seldom, and answers go out. To change that, put another `budget` into bot.toml and start the bot anew.
notice-auth-back = The account { $account } works again. What waited is on its way.
notice-account-renamed = The account { $account } of bot.toml is now { $is } on its network; until now it was { $was }. Nothing goes out to the networks until that is looked at: if it is meant, type `resume`; else put the token of { $was } back and start sereno again.
notice-dead-letter = Entry { $entry } of the outbox (case { $case }) could not be delivered ({ $why }). Type `sereno outbox retry { $entry }` to try again or `sereno outbox drop { $entry }` to give it up.
notice-in-doubt = It cannot be found out whether entry { $entry } of the outbox (case { $case }) reached the network, so it is not sent again. Look there, then type `sereno outbox retry { $entry }` if it is missing or `sereno outbox drop { $entry }` if it stands.
notice-erased = Case { $case } was erased { $at }. Nothing of it is left in sereno; what this chat still shows of it can only be deleted here.
notice-paused = { $agent } has paused all sending to the networks. `resume` lets it go on.
notice-resumed = { $agent } lets sending go on.
notice-room-unfit = Private messages are no longer shown in the room { $room }, although bot.toml names it private: { $why } What stands there already is replaced now, message by message; whoever could read the room may have seen it. Make it private again, or name another room under [privacy].
notice-room-masked = { $messages ->
    [one] One message that may have shown private text in the room { $room } was replaced by one without it.
   *[other] { $messages } messages that may have shown private text in the room { $room } were replaced by ones without it.
} Older ones may remain that I do not remember (of a case I know the last 500, and less of what an earlier version of me posted): look through the room, and delete by hand what you find.
notice-room-not-masked = { $messages ->
    [one] One message in the room { $room } could not be changed ({ $why }), and may still show private text: delete it there by hand.
   *[other] { $messages } messages in the room { $room } could not be changed ({ $why }), and may still show private text: delete them there by hand.
}
notice-room-gone-unmasked = The room { $room } is gone, or I am no longer in it ({ $why }): messages there that may show private text could not be replaced, and I do not come back to them. If anybody can still read the room, delete them there by hand.
notice-room-fit = Private messages can be shown in the room { $room } again.
notice-parked = Something came that could not be read ({ $why }). It is kept for 30 days: `sereno parked list` shows what there is.
notice-parked-full = So much could not be read ({ $why }) that the oldest of it is given up from now on. Look at it with `sereno parked list`.

# What operators may not do with what could not be read.
refused-not-parked = Nothing with the id “{ $id }” is kept. `sereno parked list` shows what is there.

# Slack
notice-chat-lost = No connection to Slack: what you do here is not heard. Posts still come. The bot keeps trying, and reads what it missed.
notice-chat-back = Connected to Slack again. What was said meanwhile is being read.
notice-chat-refused = Slack refuses the bot's connection ({ $why }): what you do here is not heard. Check the app-level token and that Socket Mode is on; `sereno check` says more.
notice-team-empty = The user group { $group }, which bot.toml names in user_group, is disabled or has no members who may act: it makes nobody an agent any more. Enable it or add people to it in Slack, or name another group.
notice-room-unread = I cannot read the room { $room } ({ $why }), so I cannot tell whether what I posted there last has arrived. It waits, and is not posted again meanwhile. Invite me to the room again; or decide where I run: `sereno outbox list` shows what waits, `sereno outbox retry` posts it anew, `sereno outbox drop` gives it up.
notice-room-unheard = I cannot read what was said in the room { $room } while I did not hear ({ $why }). I go on trying, and nothing of it is lost for six days. `sereno check` says what to do.
notice-form-late = The form did not open in time. Press again.
notice-form-taken = This form was taken before, with the words that it had then, and that stands. Close it, and open it anew to say more.
notice-form-wait = One moment…
notice-room-public = It is public.
notice-room-shared = It is shared with another company.
notice-room-unknown = Slack does not say who can read it.
notice-room-unencrypted = It is not encrypted.
notice-room-open = Others than those who are invited can come in.
notice-room-world-readable = Anybody can read its history.
notice-room-bridged = It is joined to another network.
