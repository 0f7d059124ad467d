"""Somebody on the team, played by matrix-nio: an independent client with its own encryption.

    nio_staff.py HOMESERVER USER PASSWORD FOLDER

Reads one JSON object a line: {"n": 1, "do": "say", "room": …, "type": …, "content": {…}}, and writes
{"done": 1, "event_id": …} or {"done": 1, "error": …} for each, and {"event": {…}} for every event that it
hears, decrypted. `do`: create, join, invite, say (any event), redact, state.
"""
import asyncio
import json
import sys

from nio import AsyncClient, AsyncClientConfig, Event, MegolmEvent, RoomEncryptionEvent
from nio import RoomCreateResponse, RoomRedactResponse, RoomSendResponse, RoomInviteResponse, JoinResponse
from nio.api import RelationshipType

homeserver, user, password, folder = sys.argv[1:5]
# A slow machine must not miss what came between two syncs.
EVERYTHING = {"room": {"timeline": {"limit": 1000}}}


def tell(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def heard(room, event):
    source = dict(event.source)
    source["room_id"] = room.room_id
    source["decrypted"] = bool(getattr(event, "decrypted", False))
    source["sealed"] = isinstance(event, MegolmEvent)
    tell({"event": source})


def legible(client, room, event):
    if isinstance(event, MegolmEvent):
        event.room_id = room
        event = client.decrypt_event(event)
    return event.source


async def do(client, order):
    what = order["do"]
    if what == "create":
        state = []
        if order.get("encrypted"):
            state.append({"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}})
        # Who makes a room of version 12 has all power, and may not be listed.
        power = {"users": {who: level for who, level in order.get("power", {}).get("users", {}).items() if who != client.user_id}}
        response = await client.room_create(invite=order.get("invite", []), initial_state=state, power_level_override=power)
        return {"room_id": response.room_id} if isinstance(response, RoomCreateResponse) else {"error": str(response)}
    if what == "join":
        response = await client.join(order["room"])
        return {} if isinstance(response, JoinResponse) else {"error": str(response)}
    if what == "invite":
        response = await client.room_invite(order["room"], order["user"])
        return {} if isinstance(response, RoomInviteResponse) else {"error": str(response)}
    if what == "redact":
        response = await client.room_redact(order["room"], order["event"])
        return {"event_id": response.event_id} if isinstance(response, RoomRedactResponse) else {"error": str(response)}
    if what == "state":
        response = await client.room_put_state(order["room"], order["type"], order["content"])
        return {"event_id": getattr(response, "event_id", None)}
    if what == "read":
        # The event as it is now, and what changed it: as this client can read it.
        one = await client.room_get_event(order["room"], order["event"])
        changes = client.room_get_event_relations(order["room"], order["event"], RelationshipType.replacement)
        found = [one.event] + [event async for event in changes]
        return {"found": [legible(client, order["room"], event) for event in found]}
    if what == "say":
        response = await client.room_send(order["room"], order["type"], order["content"], ignore_unverified_devices=True)
        return {"event_id": response.event_id} if isinstance(response, RoomSendResponse) else {"error": str(response)}
    return {"error": "unknown order"}


async def main():
    config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True, max_limit_exceeded=None)
    client = AsyncClient(homeserver, user, store_path=folder, config=config)
    await client.login(password, device_name="staff")
    client.add_event_callback(heard, (Event,))
    syncing = asyncio.create_task(client.sync_forever(timeout=10000, full_state=True, sync_filter=EVERYTHING))
    await client.synced.wait()
    tell({"ready": client.user_id})
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        order = json.loads(line)
        try:
            answer = await do(client, order)
        except Exception as error:  # told to the test, which fails by it
            answer = {"error": repr(error)}
        tell({"done": order["n"], **answer})
    syncing.cancel()
    await client.close()


asyncio.run(main())
