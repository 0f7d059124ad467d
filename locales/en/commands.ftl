### commands: see CONTRIBUTING.md; both languages hold the same codes with the same arguments.

## What each command does
help-claim = Takes the case. The first wins; whoever comes later is told who has it.
help-release = Lets go of your case. Leads can free anybody's.
help-assign = Gives the case to a colleague (leads), or to you.
help-note = Writes a note for colleagues. It never leaves the chat.
help-tag = Puts a label on the case; with a minus sign it takes it off.
help-priority = Sets how soon: low, normal, high or urgent. It then stays as you set it.
help-snooze = Puts the case off for a while; it comes back by itself.
help-escalate = Calls for help: the case becomes urgent.
help-draft = Writes an answer down without sending it. It becomes the case's current draft. {"{code}"}, {"{case}"}, {"{handle}"} and {"{agent}"} are filled in at once, as in all that goes to a customer. In Slack, pictures in the same message go along, where the network takes them.
help-reply = Answers in public, after a moment in which `undo` calls it back. Without text it sends the current draft with its pictures, or an answer that was held. In Slack, pictures in the same message go along.
help-posted = Notes an answer that you wrote on the network itself, where it takes one from people alone. The case then waits for the customer.
help-approve = Lets an answer go that waits for a second pair of eyes. Not your own. Where its text has just changed, its number must be given too: `approve 42 2`.
help-reject = Does not let a waiting answer go; you can say why. The text becomes the draft again.
help-discard = Discards the current draft, or else an answer that was held or waits for approval.
help-retract = Takes back our last published answer: it is deleted on the network.
help-correct = Puts another text in the place of our last published answer.
help-handoff = Asks the customer into a private conversation. Your text may hold {"{code}"}, {"{case}"}, {"{handle}"} and {"{agent}"}.
help-dm = Writes to the customer in the private conversation that a handoff opened.
help-resolve = Marks the case as resolved. If the customer writes again, it opens again.
help-reopen = Opens a resolved case again.
help-merge = Merges two cases of the same customer: `merge 42 43` makes #42 go on in #43.
help-link = Links two cases that belong together; each shows the other.
help-spam = Hides the case as noise. `list spam` shows it, `restore` brings it back.
help-restore = Brings a case back from among the hidden ones.
help-history = Shows everything that happened to the case.
help-list = Lists cases, twenty at a time: open (the usual), mine, unclaimed or spam.
help-digest = Shows the figures of today, yesterday, the week or any day.
help-pause = Stops all sending to the networks until `resume`.
help-resume = Lets sending go on after `pause`.
help-reload = Reads bot.toml again.
help-undo = Stops an answer within its window, or undoes what you last did to the case.
help-help = Lists the commands that you may give, or explains one.

## How each is written (in the case's thread, the number can be left out)
usage-claim = `claim 42`
usage-release = `release 42`
usage-assign = `assign 42 ana`
usage-note = `note 42 Called the warehouse`
usage-tag = `tag 42 refund`, or `tag 42 -refund`
usage-priority = `priority 42 high`
usage-snooze = `snooze 42 2h`, or `30m`, `1d`
usage-escalate = `escalate 42 Needs legal`
usage-draft = `draft 42 We are looking into it`
usage-reply = `reply 42 We are looking into it`
usage-posted = `posted 42 https://example.org/our/answer`
usage-approve = `approve 42`, or `approve 42 2`
usage-reject = `reject 42 Too stiff`
usage-discard = `discard 42`
usage-retract = `retract 42`
usage-correct = `correct 42 The office opens at nine`
usage-handoff = `handoff 42`
usage-dm = `dm 42 Thank you, I have found your booking`
usage-resolve = `resolve 42`
usage-reopen = `reopen 42`
usage-merge = `merge 42 43`
usage-link = `link 42 43`
usage-spam = `spam 42`
usage-restore = `restore 42`
usage-history = `history 42`
usage-list = `list`, or `list mine`, `list unclaimed`, `list spam`; `list 2` for the second page
usage-digest = `digest`, or `digest yesterday`, `digest week`, `digest 2026-11-20`
usage-pause = `pause`
usage-resume = `resume`
usage-reload = `reload`
usage-undo = `undo 42`
usage-help = `help`, or `help all`, `help reply`

# What can stand there.
values-priority = low, normal, high, urgent
values-list = open, mine, unclaimed, spam, or a page from 1 on
values-digest = today, yesterday, week, or a day such as 2026-11-20

## Answers
done-claim = { $case } is yours.
done-release = { $case } is free again.
done-assign = { $case } is { $agent }'s now.
done-note = Noted in { $case }. It stays in here.
done-tag = { $case } is labelled { $tag }.
done-untag = { $case } is no longer labelled { $tag }.
done-priority = { $case } has priority { $priority }.
done-snooze = { $case } is put off until { $until }.
done-escalate = { $case } is urgent now, and its thread says so.
done-draft = Draft of { $case } noted: { $length } of { $max } characters. `reply { $n }` sends it.
done-draft-too-long = Draft of { $case } noted, but too long to be sent: { $length } characters, { $max } at most.
done-draft-unaddressed = Draft of { $case } noted, but no public post of the customer stands that it could answer.
done-reply = { $case }: goes out in public as { $account } to { $to } in { $window } ({ $length } of { $max } characters). `undo { $n }` stops it.
done-posted = { $case }: noted. Now it waits for the customer.
done-handoff = { $case }: private message to { $to } as { $account } in { $window } ({ $length } of { $max } characters). `undo { $n }` stops it.
done-handoff-in-public = { $case }: a public answer to { $to } as { $account } asks for a private message, in { $window } ({ $length } of { $max } characters). `undo { $n }` stops it.
done-dm = { $case }: private message to { $to } as { $account } in { $window } ({ $length } of { $max } characters). `undo { $n }` stops it.
done-correct = { $case }: our answer to { $to } as { $account } is changed in { $window } ({ $length } of { $max } characters). `undo { $n }` stops it.
done-retract = { $case }: our answer to { $to } as { $account } is taken back in { $window }. `undo { $n }` stops it.
done-approve = { $case }: approved. This goes out as { $account } to { $to } in { $window } ({ $length } of { $max } characters); `undo { $n }` stops it:
done-send-approval = { $case }: waits for a lead's `approve { $n }`, then goes out as { $account } to { $to } ({ $length } of { $max } characters).
done-send-paused = { $case }: sending is paused. It goes out as { $account } to { $to } ({ $length } of { $max } characters) after a lead's `resume`, { $window } from now at the earliest. `undo { $n }` stops it.
done-reject = { $case }: rejected; nothing goes out. The text is the draft again.
done-discard = The draft of { $case } is discarded.
done-discard-send = { $case }: the answer that waited is discarded and will not go out.
done-resolve = { $case } is resolved.
done-reopen = { $case } is open again.
done-merge = { $case } is merged and goes on in { $other }.
done-link = { $case } and { $other } are linked.
done-spam = { $case } is hidden. `restore { $n }` brings it back.
done-restore = { $case } is restored, and waits for an answer.
done-pause = Nothing goes out to the networks until `resume`.
done-resume = Sending goes on.
done-reload = bot.toml is being read again.
done-undo = { $case }: `{ $verb }` is undone.
done-undo-send = { $case }: stopped in time; nothing went out.
done-undo-reply = { $case }: stopped in time; nothing went out. The text is the draft again, and the case stays with whoever has it.
done-undo-handoff = { $case }: stopped in time; nothing went out. `handoff { $n }` without a text sends the same after all.
done-undo-dm = { $case }: stopped in time; nothing went out. `dm { $n }` without a text sends the same after all.

# Answers to `sereno outbox`.
done-outbox-retry = Entry { $entry } is tried again.
done-outbox-drop = Entry { $entry } is given up.
done-parked-drop = { $count ->
    [one] One thing is no longer kept.
   *[other] { $count } things are no longer kept.
}
