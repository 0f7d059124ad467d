"""tweepy, an X client that knows nothing of sereno, on the emulated X: it says what the emulator got wrong.

Run by tests/real/x-witness.sh through tests/x/witness.rs. Arguments: the emulator's address, the brand
account's access token, the app's token, the brand's id, a code for the sign-in and its verifier, the id of
a post that names the brand and of one that does not, a customer who takes private messages and one who takes
none. Exits with 0 when every story ended as it should. tweepy asks in the older dialect (`tweet.fields`), which
X's description has for streams alone: elsewhere it is asked for no fields.
"""

import os
import sys
import time

# Signing in over http, which the library takes of nobody but a test.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
import tweepy

base, token, app_token, me, code, verifier, named_us, no_names, open_customer, shut_customer = sys.argv[1:11]
X = "https://api.twitter.com"
SCOPES = "tweet.read tweet.write users.read dm.read dm.write media.write offline.access".split()


class ToEmulator(requests.adapters.HTTPAdapter):
    """tweepy has X's address built in: what goes there goes to the emulator."""

    def send(self, request, **kwargs):
        request.url = request.url.replace(X, base, 1)
        return super().send(request, **kwargs)


def on_emulator(client):
    client.session.mount(X, ToEmulator())
    return client


client = on_emulator(tweepy.Client(token))


def proved(what):
    print(f"tweepy: {what}", flush=True)


def refused(error, words, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except error as refusal:
        assert words in str(refusal), refusal
        return refusal
    raise AssertionError(f"was not refused: {call.__name__}{arguments}{named}")


def reading():
    account = client.get_me(user_auth=False).data
    assert (str(account.id), account.username) == (me, "tienda_sol"), account
    pages = tweepy.Paginator(client.get_users_mentions, me, max_results=5)
    mentions = [post for page in pages for post in page.data]
    assert len(mentions) == 13, len(mentions)
    assert [post.id for post in mentions] == sorted((post.id for post in mentions), reverse=True)
    newest = mentions[0].id
    newer = client.get_users_mentions(me, since_id=newest)
    assert newer.data is None and newer.meta["result_count"] == 0, newer
    found = client.get_tweets([named_us, "123"])
    assert [str(post.id) for post in found.data] == [named_us], found
    assert found.errors[0]["resource_id"] == "123", found.errors
    hits = client.search_recent_tweets("pedido -is:retweet", max_results=100)
    assert len(hits.data) == 13, hits
    proved("pages of mentions, look-ups, what is missing, and a search")


def answering():
    answer = client.create_tweet(text="Lo miramos ahora mismo", in_reply_to_tweet_id=named_us, user_auth=False).data
    refused(tweepy.Forbidden, "duplicate content", client.create_tweet, text="Lo miramos ahora mismo", in_reply_to_tweet_id=named_us, user_auth=False)
    refused(tweepy.Forbidden, "have not been mentioned", client.create_tweet, text="¿Ayudamos?", in_reply_to_tweet_id=no_names, user_auth=False)
    refused(tweepy.BadRequest, "too long", client.create_tweet, text="a" * 281, user_auth=False)
    passing = client.create_tweet(text="Se va enseguida", in_reply_to_tweet_id=named_us, user_auth=False).data
    assert client.delete_tweet(passing["id"], user_auth=False).data == {"deleted": True}
    assert client.get_tweets([passing["id"]]).data is None
    assert client.get_tweets([answer["id"]]).data[0].text == "@ana Lo miramos ahora mismo"
    proved("answers, refusals, and an answer taken back")


def writing():
    sent = client.create_direct_message(participant_id=open_customer, text="Por aquí mejor", user_auth=False).data
    refused(tweepy.Forbidden, "permission to DM", client.create_direct_message, participant_id=shut_customer, text="Hola", user_auth=False)
    events = client.get_direct_message_events(participant_id=open_customer, user_auth=False).data
    assert [str(event.id) for event in events] == [sent["dm_event_id"]], events
    assert events[0].text == "Por aquí mejor", events
    proved("private messages")


def limits():
    refused(tweepy.Unauthorized, "Unauthorized", on_emulator(tweepy.Client("nobody's")).get_me, user_auth=False)
    refused(tweepy.Forbidden, "Application-Only", on_emulator(tweepy.Client(app_token)).get_direct_message_events, user_auth=False)
    for _ in range(80):
        try:
            client.get_me(user_auth=False)
        except tweepy.TooManyRequests as limited:
            ends = int(limited.response.headers["x-rate-limit-reset"])
            assert 0 < ends - time.time() <= 901, ends
            assert limited.response.headers["x-rate-limit-remaining"] == "0"
            break
    else:
        raise AssertionError("no limit was met")
    proved("refused tokens, and the end of a window")


def signing_in():
    session = tweepy.OAuth2UserHandler(client_id="client-1", redirect_uri="http://127.0.0.1:1/back", scope=SCOPES)
    session.mount(X, ToEmulator())
    assert "code_challenge_method=S256" in session.get_authorization_url()
    session._client.code_verifier = verifier
    granted = session.fetch_token(f"http://127.0.0.1:1/back?code={code}&state={session._state}")
    spent = granted["refresh_token"]
    fresh = session.refresh_token(f"{X}/2/oauth2/token", refresh_token=spent, client_id="client-1")
    assert fresh["refresh_token"] != spent
    assert str(on_emulator(tweepy.Client(fresh["access_token"])).get_tweets([named_us]).data[0].id) == named_us
    try:
        session.refresh_token(f"{X}/2/oauth2/token", refresh_token=spent, client_id="client-1")
    except Exception as refusal:
        assert "invalid" in str(refusal), refusal
    else:
        raise AssertionError("a refresh token served twice")
    proved("a sign-in with PKCE, and refresh tokens that serve once")


class Listener(tweepy.StreamingClient):
    heard, alive = None, 0

    def on_connect(self):
        client.create_tweet(text="El horario de hoy: hasta las ocho", user_auth=False)

    def on_keep_alive(self):
        self.alive += 1
        if self.heard:
            self.disconnect()

    def on_response(self, response):
        self.heard = response

    def on_exception(self, exception):
        raise exception


def streaming():
    stream = on_emulator(Listener(app_token, chunk_size=1, max_retries=0))
    made = stream.add_rules([tweepy.StreamRule("horario", tag="hours")])
    assert made.meta["summary"]["created"] == 1, made
    again = stream.add_rules([tweepy.StreamRule("horario")])
    assert again.errors, "the same rule twice"
    assert [rule.tag for rule in stream.get_rules().data] == ["hours"]
    stream.filter(tweet_fields=["author_id"], expansions=["author_id"])
    post, rules = stream.heard.data, stream.heard.matching_rules
    assert (str(post.author_id), rules[0].tag) == (me, "hours"), stream.heard
    assert stream.alive > 0
    assert on_emulator(tweepy.StreamingClient(app_token)).delete_rules([made.data[0].id]).meta["summary"]["deleted"] == 1
    proved("rules, a post on the stream, and signs of life")


reading()
answering()
writing()
signing_in()
streaming()
limits()
