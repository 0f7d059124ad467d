"""slack_sdk, Slack's own Python client, in the emulated workspace: it says what the emulator got wrong.

Run by tests/real/slack-witness.sh through tests/slack/witness.rs: the workspace's address, the bot's
token and the app's are the arguments. Exits with 0 when every story ended as it should.
"""

import json
import sys
import threading
import time
import urllib.request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

base, bot_token, app_token = sys.argv[1:4]
client = WebClient(token=bot_token, base_url=base + "/api/")


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{base}/control/{path}", data=data), timeout=10) as answer:
        return json.load(answer)


def act(**what):
    return control("act", what)


def until(what, shows, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = shows(control("books"))
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not seen in {seconds} s: {what}\n{json.dumps(control('books'), indent=1)[-3000:]}")


def proved(what):
    print(f"slack_sdk: {what}", flush=True)


def posting(care):
    assert client.auth_test()["bot_id"]
    metadata = {"event_type": "sereno_op", "event_payload": {"op": "py-1"}}
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "a card"}}]
    posted = client.chat_postMessage(channel=care, text="card <b> & c", blocks=blocks, metadata=metadata)
    ts = posted["ts"]
    assert posted["message"]["text"] == "card &lt;b&gt; &amp; c", posted["message"]["text"]
    client.chat_update(channel=care, ts=ts, text="changed", blocks=blocks)
    client.reactions_add(channel=care, timestamp=ts, name="eyes")
    for n in range(5):
        client.chat_postMessage(channel=care, thread_ts=ts, text=f"reply {n}")
    page = client.conversations_history(channel=care, include_all_metadata=True, limit=10)
    mine = [m for m in page["messages"] if m["ts"] == ts][0]
    assert mine["metadata"]["event_payload"] == {"op": "py-1"}, mine
    assert mine["reply_count"] == 5 and mine["reactions"][0]["name"] == "eyes", mine
    link = client.chat_getPermalink(channel=care, message_ts=ts)["permalink"]
    assert ts.replace(".", "") in link
    proved("posts, changes, reads back with metadata")
    return ts


def pages(care, ts):
    texts, count = [], 0
    for page in client.conversations_replies(channel=care, ts=ts, limit=2):
        count += 1
        texts += [m["text"] for m in page["messages"] if m["text"].startswith("reply")]
    assert texts == [f"reply {n}" for n in range(5)] and count == 3, (texts, count)
    members = [u["id"] for page in client.users_list(limit=1) for u in page["members"]]
    assert len(members) == len(set(members)) >= 2
    proved("turns pages by cursor")


def errors(care):
    def error(call):
        try:
            call()
        except SlackApiError as e:
            return e.response
        raise AssertionError("no error")

    assert error(lambda: client.chat_postMessage(channel="C404", text="x"))["error"] == "channel_not_found"
    missing = error(lambda: client.conversations_join(channel=care))
    assert missing["error"] == "missing_scope" and missing["needed"] and missing["provided"]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    wrong = error(lambda: client.chat_postMessage(channel=care, text="x", blocks=blocks))
    assert wrong["error"] == "invalid_blocks" and "3001" in wrong["response_metadata"]["messages"][0]
    control("set", {"too_many_after_s": 1})
    limited = error(lambda: client.users_list())
    assert limited.status_code == 429 and limited.headers["Retry-After"] == "1", limited.headers
    patient = WebClient(token=bot_token, base_url=base + "/api/", retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)])
    control("set", {"too_many_after_s": 1})
    began = time.monotonic()
    assert patient.users_list()["ok"] and time.monotonic() - began >= 0.9
    proved("meets errors and the rate limit")


def files(care, ts):
    # What it asks for afterwards needs a scope that sereno has no use for.
    done = client.files_upload_v2(
        channel=care, thread_ts=ts, title="Digest", filename="digest.csv", content="a,b\n1,2\n", request_file_info=False
    )
    assert done["files"][0]["title"] == "Digest"
    book = [f for f in control("books")["files"] if f["name"] == "digest.csv"][0]
    assert book["bytes"] == 8 and book["shared"] == 1, book
    proved("uploads a file in three steps (files_upload_v2)")


def sockets(care, ts):
    heard, lock = [], threading.Lock()
    sm = SocketModeClient(app_token=app_token, web_client=client)

    def listen(sm, request):
        with lock:
            heard.append(request)
        payload = {"text": "claimed"} if request.type == "slash_commands" else None
        sm.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    sm.socket_mode_request_listeners.append(listen)
    sm.connect()
    try:
        until("the connection", lambda b: b["connections"] == 1)
        told = act(user="ana", does="slash", line="/claim 1")["told"][0]
        acked = lambda b: b["told"][told - 1]["acks"]
        ack = until("the ack of /claim", acked)[0]
        assert ack["payload"] == {"text": "claimed"} and not ack["late"], ack
        until("the answer", lambda b: [w for w in b["whispers"] if w["by"] == "ack" and w["text"] == "claimed"])
        control("set", {"twice": True})
        said = act(user="ana", does="says", thread=ts, text="@sereno !claim & <b>")
        until("the acks of both events", lambda b: all(b["told"][n - 1]["acks"] for n in said["told"]))
        with lock:
            events = [r.payload["event"] for r in heard if r.type == "events_api"]
        assert [e for e in events if e["type"] == "app_mention"] and all(e["ts"] for e in events)
        assert events[-1]["text"].endswith("!claim &amp; &lt;b&gt;"), events[-1]["text"]
        assert said["told"] and len([e for e in events if e.get("text") == events[-1]["text"]]) == 3, "one came twice"
        proved("hears and acks by SocketModeClient")
    finally:
        sm.close()
    until("the end of the connection", lambda b: b["connections"] == 0)


def main():
    control("set", {"unlimited": True})
    control("set", {"member": "ana"})
    care = control("books")["channels"]["care"]
    ts = posting(care)
    pages(care, ts)
    errors(care)
    files(care, ts)
    sockets(care, ts)


main()
