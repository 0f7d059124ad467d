### Cards, thread entries, lists, digests: labels and sentences.

## How moments and lengths of time read

month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec
moment-day = { $day } { $month } { $time }
moment-year = { $day } { $month } { $year } { $time }
moment-date = { $day } { $month } { $year }

# In a sentence: behind “until”, “by”, “since” (clock, day, year), and as an adverb (at-…). `clock-one`: the hour is one.
moment-clock = { $time }
moment-clock-one = { $time }
moment-on-day = { $day } { $month } { $clock }
moment-on-year = { $day } { $month } { $year } { $clock }
moment-at-clock = at { $clock }
moment-at-day = on { $date }
unit-day = d
unit-hour = h
unit-minute = min
unit-second = s

## Codes of the core

status-new = new
status-open = open
status-waiting = waiting for the customer
status-private = in private
status-snoozed = snoozed
status-resolved = resolved
status-quarantined = hidden
status-merged = merged

priority-low = low
priority-normal = normal
priority-high = high
priority-urgent = urgent

role-viewer = viewer
role-agent = agent
role-lead = lead
role-operator = operator

reason-thanks = thanks
reason-question = a question
reason-angry = angry words
reason-insult = insults
reason-alarm-word = the word “{ $word }”
reason-audience = { $count ->
    [one] 1 follower listens
   *[other] { $count } followers listen
}
reason-spreading = { $count ->
    [one] passed on once
   *[other] passed on { $count } times
}
reason-returning = { $count ->
    [one] 1 earlier case
   *[other] { $count } earlier cases
}
reason-new-account = { $count ->
    [one] account 1 day old
   *[other] account { $count } days old
}
reason-automated = automated account
reason-spam-word = the word “{ $word }” from the spam list
reason-link-farm = hardly anything but links or hashtags
reason-by-hand = set by hand

lang-ca = Catalan
lang-de = German
lang-en = English
lang-es = Spanish
lang-eu = Basque
lang-fr = French
lang-gl = Galician
lang-it = Italian
lang-pt = Portuguese
lang-ar = Arabic
lang-ja = Japanese
lang-nl = Dutch
lang-pl = Polish
lang-ro = Romanian
lang-ru = Russian
lang-sv = Swedish
lang-tr = Turkish
lang-uk = Ukrainian
lang-zh = Chinese
lang-und = an unknown language

media-image = Image
media-video = Video
media-audio = Sound
media-other = Attachment
media-no-description = no description

## Buttons

action-claim = Claim
action-draft = Draft
action-reply = Reply
action-posted = Answered by hand
action-handoff = Hand off
action-dm = Write in private
action-resolve = Resolve
action-reopen = Reopen
action-approve = Approve
action-reject = Reject
action-discard = Discard
action-undo = Undo
action-spam = Spam
action-restore = Restore
action-retract = Retract
action-correct = Correct
action-send = Send
action-edit = Edit
action-cancel = Cancel
action-note = Note
action-escalate = Escalate

## Forms

form-cancel = Cancel
form-route-public = From { $account } to { $target }, in public
form-route-private = From { $account } to { $target }, in private
form-price = Costs { $price } US dollars
form-price-links = Costs { $price } US dollars, with a link { $linked }
form-label-public = Answer
form-label-private = Private message
form-label-draft = Draft
form-label-team = For the team
form-label-address = Address of the answer, once you have written it there
form-label-why = Why
form-paused = Sending is paused: it waits until `{ $resume }`.
form-owned = { $agent } has this case.
form-claims = Nobody has this case yet; sending this makes it yours.
form-approval = A lead approves it before it goes out.
form-other-draft = { $agent } has drafted an answer; what you write takes its place.
form-held = An answer of this case is held, because { $reason }. What you write takes its place.
form-awaiting = An answer of { $agent } waits for approval; what you write takes its place.

## Who and what

who-followers = { $count ->
    [one] 1 follower
   *[other] { $count } followers
}
who-new-account = { $count ->
    [0] account made today
    [one] account 1 day old
   *[other] account { $count } days old
}
who-bot = automated account
who-earlier = { $count ->
    [one] 1 earlier case
   *[other] { $count } earlier cases
}
who-profile = profile
post-warning = Content warning: { $text }
post-deleted = Deleted by its author.
post-private = Private message; its text is shown only in a private room.
post-edited = { $count ->
    [one] edited once
   *[other] edited { $count } times
}
post-followers-only = visible to followers only
post-by-hand-link = write it there
card-by-hand = The network takes an answer from a person alone; once it stands, `posted { $n } <its address>`:
card-answers-closed = The network lets nobody answer this post.
post-answers = Answers { $who }: “{ $text }”
post-answers-us = Answers our post: “{ $text }”
post-quotes = Quotes { $who }: “{ $text }”
post-quotes-us = Quotes our post: “{ $text }”
post-link = original
post-missing = The post is no longer here.

## The card

card-status = Status: { $status }
card-owner = with { $owner }
home-card = card
card-no-owner = nobody's yet
card-snoozed = until { $until }
card-priority = Priority: { $priority }
card-because = because: { $reasons }
card-due = answer due by { $due }
card-overdue = answer overdue since { $due }
card-where = { $network } · our account { $account } · customer writes { $lang }
card-caught = caught by the rule “{ $rule }”
spread-reposts = { $count ->
    [one] passed on once
   *[other] passed on { $count } times
}
spread-replies = { $count ->
    [one] 1 answer
   *[other] { $count } answers
}
spread-likes = { $count ->
    [one] 1 like
   *[other] { $count } likes
}
card-code = Customer's code: { $code }
card-tags = Labels: { $tags }
card-others = And { $count } posts by others. The oldest of them stand in the chat alone.
card-more = { $count ->
    [one] 1 more post of the customer in the thread
   *[other] { $count } more posts of the customer in the thread
}
card-draft = Draft { $draft } by { $agent }, { $length } of { $max } characters
card-handoff = A private conversation is open.
card-invited = Asked in public to write to us in private.
card-route-one-shot = Until { $until } they can be written to in private, once; more when they write back.
card-route-window = Until { $until } they can be written to in private.
card-route-link = They take no private messages from us: a handoff answers in public, with a link by which they write to us.
card-route-in-public = They have to write to us in private first: a handoff asks them to in public.
card-route-none = This network has no private messages.
card-unseen-private = The network keeps encrypted messages from sereno: look there as well.
card-links = Linked with: { $cases }
card-merged = Lives on as { $case }.
card-hidden = hidden because: { $reason }
card-resolved-by-agent = by the team { $at }
card-resolved-by-customer = confirmed by the customer { $at }

## Sends

send-reply = public answer
send-handoff = private message
send-dm = private message
send-retract = removal of our answer
send-correct = correction of our answer
send-line = From { $account } to { $target } · { $length } of { $max } characters
send-line-textless = From { $account } to { $target }
send-price = { $price } US dollars
send-private = Private text; it is shown only in a private room.
send-awaiting-approval = The { $kind } waits for approval.
send-waiting = The { $kind } goes out { $at }.
send-held = The { $kind } is held, because { $reason }.
send-in-flight = The { $kind } is on its way.
send-unknown = It is not known whether the { $kind } stands on the network.
send-published = The { $kind } was published { $at }
send-published-private = The { $kind } was delivered { $at }
send-published-retract = Our answer was taken back { $at }
send-published-correct = Our answer was corrected { $at }
send-stopped = The { $kind } was not sent, because { $reason }
send-taken-back = The { $kind } was taken back later.
send-countdown = Goes out in { $span }. `undo { $n }` stops it.
send-published-link = link
send-pictures = { $count ->
    [one] With a picture
   *[other] With { $count } pictures
}
send-pictures-named = { $count ->
    [one] With a picture:
   *[other] With { $count } pictures:
}
send-picture = ({ $kind }, { $size } KB)
send-approved-by = Approved by { $agent }

## Thread entries

event-opened = The case began.
event-opened-linked = The case began; it is linked with { $case }.
event-joined = The customer wrote again:
event-other-spoke = Somebody else in the conversation, not the customer:
event-dm-received = The customer wrote in private:
event-other-handoffs = This customer has other private conversations with us: { $others }. If the message belongs there, `merge { $n } { $other }` makes this case go on in that one, and `link { $n } { $other }` ties the two together.
event-edited = Changed by its author:
event-deleted = Deleted by its author:
event-posted-by-hand = { $agent } answered by hand:
event-answered-outside = Our account answered outside of sereno:
event-spoke-outside = Our account wrote to somebody else in the conversation, outside of sereno; the customer still waits:
event-claimed = { $agent } took the case.
event-released = { $agent } let go of the case.
event-assigned = { $agent } gave the case to { $colleague }.
event-noted = { $agent } noted:
event-tagged = { $agent } added the label { $tag }.
event-untagged = { $agent } took off the label { $tag }.
event-priority-set = { $agent } set the priority to { $priority }.
event-priority-raised = Priority raised to { $priority }: { $reason }.
event-snoozed = { $agent } put the case off until { $until }.
event-woke = The time the case was put off to has come.
event-overdue = Nobody has answered in time.
event-escalated = { $agent } asks for help.
event-escalated-why = { $agent } asks for help:
event-drafted = Draft { $draft } by { $agent }, { $length } of { $max } characters:
event-drafted-priced = Draft { $draft } by { $agent }, { $length } of { $max } characters, { $price } US dollars:
event-discarded = { $agent } discarded draft { $draft }.
event-approval-asked = { $agent } asks a lead to approve this { $kind }:
event-approved = { $agent } approved the { $kind }.
event-rejected = { $agent } rejected the { $kind }.
event-rejected-why = { $agent } rejected the { $kind }:
event-queued = { $agent } sends this { $kind }:
event-queued-again = This { $kind } was still waiting when sereno started again, and goes out unless it is undone:
event-held = The { $kind } is held, because { $reason }. `reply { $n }` sends it all the same, `discard { $n }` drops it.
event-stopped = The { $kind } was not sent, because { $reason }.
event-in-doubt = It is not known whether the { $kind } stands on the network. It is being looked up and not sent again before that; if it cannot be found out, look there, then type `sereno outbox retry` or `sereno outbox drop` with its number.
event-undelivered = The { $kind } could not be delivered. `sereno outbox list` shows its number, `sereno outbox retry` tries again.
event-undelivered-said = The { $kind } could not be delivered. `sereno outbox list` shows its number, `sereno outbox retry` tries again. Why:
event-published = The { $kind } is published
event-published-private = The { $kind } is delivered
event-published-retract = Our answer is taken back
event-published-correct = Our answer is corrected
event-stood-after-all = The { $kind } that was given up stands on the network after all
event-answer-gone = The { $kind } that stood on the network was deleted there, not through sereno.
event-resolved-by-agent = { $agent } resolved the case.
event-resolved-by-customer = The customer confirmed that it is solved; the case is resolved.
event-reopened = { $agent } reopened the case.
event-reopened-by-customer = The customer was not content; the case is reopened.
event-merged-from = Case { $case } was merged into this one.
event-merged-into = This case was merged; it lives on as { $case }.
event-linked = Linked with { $case }.
event-erased = What came from { $case }, which was erased, was taken away.
event-hidden = Hidden as noise: { $reason }. `restore { $n }` brings it back.
event-restored = { $agent } restored the case.
event-undone = { $agent } undid `{ $verb }`.

## Lists, histories, the outbox

list-open = { $count ->
    [0] No case is open.
    [one] 1 open case
   *[other] { $count } open cases, most urgent first
}
list-mine = { $count ->
    [0] You have no open case.
    [one] You have 1 open case
   *[other] You have { $count } open cases
}
list-unclaimed = { $count ->
    [0] Every open case has an owner.
    [one] 1 case is nobody's
   *[other] { $count } cases are nobody's
}
list-spam = { $count ->
    [0] Nothing is hidden.
    [one] 1 hidden case; `restore` brings it back
   *[other] { $count } hidden cases; `restore` brings one back
}
list-shown = { $first } to { $last } of { $total }
list-next-open = `list { $page }` shows the next { $count }.
list-next-mine = `list mine { $page }` shows the next { $count }.
list-next-unclaimed = `list unclaimed { $page }` shows the next { $count }.
list-next-spam = `list spam { $page }` shows the next { $count }.
list-no-page = { $pages ->
    [one] There is no page { $page }: there is only one.
   *[other] There is no page { $page }: there are only { $pages }.
}
list-post-deleted = (deleted by its author)
list-post-private = (private message)
list-post-media = (no text; picture, video or sound)
list-post-empty = (no text)
history-more = Only the first { $count } of { $total } are shown.
history-title = History of { $case }
outbox-title = { $count ->
    [0] The outbox is empty.
    [one] 1 entry in the outbox
   *[other] { $count } entries in the outbox
}
outbox-card = card
outbox-card-update = change of the card
outbox-thread-entry = thread entry
outbox-entry-update = change of a thread entry
outbox-notice = notice
outbox-erased = word that a case was erased
outbox-digest = digest
outbox-send = send
outbox-to-room = to room { $room }
outbox-to-account = from account { $account }
outbox-queued = waits
outbox-in-flight = on its way
outbox-unknown = in doubt
outbox-dead = given up: { $why }
outbox-due = not before { $due }
outbox-attempts = { $count ->
    [one] tried once
   *[other] tried { $count } times
}
help-title = Commands
help-thread = In a case’s own thread its number can be left out.
help-more = `help reply` explains one command.
help-more-all = `help reply` explains one command, `help all` each.
help-first-claim = `claim 42` takes a case
help-first-draft = `draft 42 We are looking into it` writes an answer down
help-first-reply = `reply 42` sends it; with a text behind it, sends that
help-first-note = `note 42 Called the warehouse` leaves colleagues a note
help-first-resolve = `resolve 42` closes the case
help-first-list = `list` shows the open cases
help-group-answers = Answers: { $names }
help-group-case = Cases: { $names }
help-group-look = To look up: { $names }
help-group-desk = The whole desk: { $names }
help-also = Also: { $names }
help-role = For: { $role }
help-role-not-yours = For: { $role }, or higher. You cannot give this command; a lead can help.
help-others = { $count ->
    [one] 1 more command takes a higher role than yours.
   *[other] { $count } more commands take a higher role than yours.
}

## The digest

digest-title-day = Digest of { $day }
digest-title-days = Digest of { $day } to { $last }
digest-new = { $count ->
    [one] 1 new case
   *[other] { $count } new cases
}
digest-by-network = By network: { $list }
digest-cost = Cost of { $account } in { $month }: { $spent } US dollars ({ $list })
digest-cost-budget = Cost of { $account } in { $month }: { $spent } of { $budget } US dollars ({ $list })
digest-act-post-read = posts read
digest-act-user-read = profiles read
digest-act-mention-read = mentions read
digest-act-dm-read = private messages read
digest-act-post = posts
digest-act-post-with-link = answers with a link
digest-act-reply = answers
digest-act-dm = private messages
digest-answered = { $count ->
    [one] 1 case got its first answer
   *[other] { $count } cases got their first answer
}
digest-replies = { $count ->
    [one] 1 public answer sent
   *[other] { $count } public answers sent
}
digest-times = First answer: median { $median }, 9 out of 10 within { $p90 }, { $percent } % in time
digest-no-times = First answer: none in this time
digest-open = { $count ->
    [0] No case is open
    [one] 1 case open
   *[other] { $count } cases open
}
digest-oldest = the oldest for { $span }
digest-was-open = { $count ->
    [0] No case was open at the end
    [one] 1 case was open at the end
   *[other] { $count } cases were open at the end
}
digest-open-unknown = How many cases were open at the end was not noted
digest-handoffs = { $count ->
    [one] 1 case went private
   *[other] { $count } cases went private
}
digest-resolved = { $count ->
    [one] 1 case resolved
   *[other] { $count } cases resolved
}
digest-confirmed = { $count ->
    [0] none confirmed by its customer
    [one] 1 confirmed by its customer
   *[other] { $count } confirmed by their customers
}
digest-reopened = { $count ->
    [0] No case reopened
    [one] 1 case reopened
   *[other] { $count } cases reopened
}
digest-hidden = { $count ->
    [0] Nothing hidden as noise
    [one] 1 case hidden as noise; `list spam` shows it
   *[other] { $count } cases hidden as noise; `list spam` shows them
}
digest-by-agent = Answers by person: { $list }
digest-bar-new = New cases
digest-bar-answered = First answers
digest-bar-replies = Public answers
digest-bar-handoffs = Gone private
digest-bar-resolved = Resolved
digest-bar-reopened = Reopened
digest-bar-hidden = Hidden as noise
digest-bar-open = Open

## The console chat

console-welcome = This terminal is the team's chat. Type `help` for the commands; an empty line or talk sends nothing.
console-bad-json = This line is no JSON ({ $why }). Send one object a line, for example: { $example }
console-no-object = This line is JSON, but no object. Send for example: { $example }
console-field-missing = The field "{ $field }" is missing. Send for example: { $example }
console-field-text = The field "{ $field }" must be a string. Send for example: { $example }
console-field-length = The field "{ $field }" must have 1 to { $max } bytes. Send for example: { $example }
console-field-case = The field "{ $field }" must be a case's number, such as 42 or "#42". Send for example: { $example }
console-field-unknown = There is no field "{ $field }". Known here: { $known }. Send for example: { $example }
console-lang-unknown = The language “{ $given }” is not spoken here. Known: { $known }. Send for example: { $example }
console-field-neither = There is neither "line" nor "verb" in it. Send for example: { $example }
console-field-verb = The field "{ $field }" must be one word, a command's name; the case belongs into "case", the rest into "text". Send for example: { $example }
console-field-twice = The field "{ $field }" stands twice, and which one is meant cannot be told. Send for example: { $example }
console-field-hidden = The field "{ $field }" holds characters that nobody can see. Leave them out. Send for example: { $example }
console-field-both = Give either "line", or "verb" with "case" and "text" where it takes them. Send for example: { $example }
console-too-long = This line is longer than { $max } bytes and was not read. Shorten it.
console-bad-utf8 = This line is not UTF-8 and was not read.
console-stopping = Not carried out: sereno is stopping. Say it again when it runs.

## In Slack

slack-cut = … Cut here: Slack takes no longer messages.
slack-cut-see = … Cut here: Slack takes no longer messages. All of it:
slack-form-length = { $length } of { $max } characters
slack-form-too-long = { $length } of { $max } characters: too long to be sent
slack-form-too-big = The draft is longer than the { $max } characters that this form holds, so it is left out. What is sent from here takes its place.
slack-form-canned = Answers kept ready
matrix-cut = … Cut here: Matrix takes no longer messages.
matrix-sealed = I cannot decrypt this message yet; it is read as soon as its key comes.
matrix-given-up = Nobody sent me the key of this message, so it is given up: I have not read it. Say it again.
matrix-replaced = This room was replaced by { $room }. I stay in this one until bot.toml names the other: put its id in the place of this one's, invite me there and start me anew. Cases that have a card here keep it here.
matrix-deaf = I cannot read what was said here while I was away ({ $why }), so I do nothing of what is said here since. Nothing is lost: I try again, and then do all of it in its order.
matrix-gap-lost = The homeserver does not show me what was said here while I was away ({ $why }). Whoever told me something then: look whether it was done, and say it again where it was not.
