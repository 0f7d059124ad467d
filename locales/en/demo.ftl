### demo: see CONTRIBUTING.md; both languages hold the same codes with the same arguments.

## Around the story
demo-welcome = Welcome to the support desk of Alborada Lines, a ferry company that does not exist. Its passengers post on the square, a little network inside this program. Time runs { $speed } times as fast; an answer waits { $undo } of the story, { $real } of yours, for `undo` before it goes out.
demo-welcome-type = Type: claim 1 · draft 1 We are on it · reply 1 (sends the draft; or reply 1 with your text) · handoff 1 · resolve 1 · list · digest · help · quit
demo-welcome-script = A script is read: each line waits for the case that it names and for the answer to the one before, and the end for what is still to go out.
demo-welcome-auto = A sensible member of staff plays the whole story; then the square's own books are held against what the team saw and sent.
demo-kept = Everything the bot stored stands in { $path }.
demo-farewell = The ferries stop for today. Nothing of this is left on the disk.
demo-farewell-kept = The ferries stop for today.
demo-sabotage-lose = On purpose, the bot will not hear of one post.
demo-sabotage-double = On purpose, one answer will be sent twice.
demo-sabotage-stuck = On purpose, one answer will never get through.
demo-unfinished = The story did not come to its end.

## What the judge found
demo-problem-lost = LOST: nobody was shown { $post } by { $who }: “{ $text }”
demo-problem-not-published = LOST: the approved answer in case #{ $number } was never published; it was meant for { $post } by { $who }: “{ $text }”
demo-problem-shown-twice = DOUBLED: shown { $number } times: { $post } by { $who }: “{ $text }”
demo-problem-two-cases = DOUBLED: one conversation became two cases; #{ $number } begins with { $post } by { $who }: “{ $text }”
demo-problem-published-twice = DOUBLED: the answer in case #{ $number } stands more often than it was approved, under { $post } by { $who }: “{ $text }”
demo-problem-published-though-stopped = WRONG: an answer of case #{ $number } was published although it had been stopped, under { $post } by { $who }: “{ $text }”
demo-problem-not-approved = WRONG: an answer that nobody approved stands under { $post } by { $who }: “{ $text }”
demo-problem-wrong-text = WRONG: another text than the approved one of case #{ $number } stands under { $post } by { $who }: “{ $text }”
demo-problem-wrong-target = WRONG: an answer of case #{ $number } stands under the wrong post, { $post } by { $who }: “{ $text }”
demo-problem-wrong-account = WRONG: an answer of case #{ $number } came from an account that was not spoken to, under { $post } by { $who }: “{ $text }”
demo-problem-wrong-audience = WRONG: what was meant for the public went private, or the other way round, in case #{ $number }: { $post } by { $who }: “{ $text }”
demo-problem-wrong-person = WRONG: case #{ $number } takes somebody for its customer who is not: { $post } by { $who }: “{ $text }”
demo-problem-shown-unknown = WRONG: shown, but never written on the square: { $post }
demo-problem-shown-stranger = WRONG: shown, though it has nothing to do with the company: { $post } by { $who }: “{ $text }”
demo-problem-own-reply-shown = WRONG: the company's own { $post } was taken for somebody else's: “{ $text }”
demo-problem-still-shown = WRONG: its author deleted it, and the chat still shows { $post } by { $who }: “{ $text }”
demo-problem-old-text = WRONG: its author changed it, and the chat does not show the new text of { $post } by { $who }: “{ $text }”
demo-problem-left = LEFT IN THE OUTBOX: entry { $number }, about { $post } by { $who }: “{ $text }”

## What the member of staff says, in the customer's language
demo-say-bike = Hello! Bicycles travel free on every Alborada ferry to Isla Menor. Please be at the quay 20 minutes before departure.
demo-say-dog = Hello! Large dogs are welcome on the open deck, on a lead and with a muzzle; small ones also inside, in a carrier.
demo-say-access = Hello! Yes: the Puerto Claro terminal is step-free from the car park to the ramp, and our crew will help with the wheelchair. Just ask at desk 1.
demo-say-seat = We are sorry about that seat. We have told maintenance about it now and it will be blocked until it is repaired.
demo-say-luggage = We are sorry. The lost property office at the quay has what was found on board: 555 0142, every day from 8 to 20 h.
demo-say-running = Hello! That boat is running and leaves on time. You will find any change on our departures page.
demo-say-press = Thank you for asking. A technical fault held up the afternoon boats at Puerto Claro; all passengers have been taken on since, and refunds are on their way.
demo-say-prize = Congratulations! Show the ticket at any desk and they will book your return trip. It is valid until the end of the year.
demo-say-queue = We are sorry about the wait: a second desk has just opened. Thank you for telling us.
demo-say-delay = We are very sorry for this delay. A technical fault stopped the boat; a replacement is on its way and water is being handed out at the quay.
demo-say-delay-again = You are right to insist. The replacement boat docks within the next half hour, and everybody who waits on the quay will be taken on.
demo-say-thanks = Thank you so much for these words! We have passed them on to the crew.
demo-say-calm = We can see that something went wrong for you, and we would like to put it right. Tell us what happened and we will look into it.
demo-say-ask = We are sorry about this. Could you tell us your booking number so that we can look it up?
demo-say-promise = We are sorry about this and want to sort it out today. We are writing to you in private now.
demo-say-again = Thank you for telling us more. We have passed it on and will come back to you here.
demo-say-general = Hello! Thank you for telling us. We are looking into it and will come back to you here.
demo-say-handoff = Hello, this is the Alborada team. Please send us your booking number here, where only we can read it. Your reference is { $code }.
demo-say-refunded = Thank you! We have found it and put it right; you will see it in your account within two days.
demo-say-name-changed = Hello! Yes, that is possible: we have changed the name on your booking, and the new ticket is in your mail.
demo-say-press-tag = press
