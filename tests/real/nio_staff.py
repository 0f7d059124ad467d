"""Somebody on the team, played by matrix-nio: an independent client with its own encryption.

    nio_staff.py HOMESERVER USER PASSWORD FOLDER

Reads one JSON object a line: {"n": 1, "do": "say", "room": …, "type": …, "content": {…}}, and writes
{"done": 1, "event_id": …} or {"done": 1, "error": …} for each, and {"event": {…}} for every event that it
hears, decrypted. `do`: create, join, invite, kick, say (any event), redact, state, read, unseal (a file that was sent); withhold: what is said from then on
in a room is encrypted under a key that nobody else gets; share: somebody gets that key after all; renew: the next
message has a key of its own, for all who are there.
"""
import asyncio
import json
import sys
from base64 import b64decode, b64encode

from nio import AsyncClient, AsyncClientConfig, Event, MegolmEvent, RoomEncryptionEvent
from nio import RoomCreateResponse, RoomRedactResponse, RoomSendResponse, RoomInviteResponse, RoomKickResponse, JoinResponse
from nio.api import RelationshipType
from nio.crypto.attachments import decrypt_attachment
from nio.event_builders.direct_messages import ToDeviceMessage

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


def withhold(client, room):
    """A new key, of which the client believes that all have it."""
    client.olm.create_outbound_group_session(room)
    session = client.olm.outbound_group_sessions[room]
    session.shared = True
    # From its first message on.
    return {"algorithm": "m.megolm.v1.aes-sha2", "room_id": room, "session_id": session.id, "session_key": session.session_key}


async def know(client, user):
    """Whoever has just come into a room has devices that the client asks for a moment later."""
    client.olm.users_for_key_query.add(user)
    await client.keys_query()


async def share(client, key, user):
    await know(client, user)
    missing = client.get_missing_sessions(key["room_id"])
    if missing:
        await client.keys_claim(missing)
    for device in client.device_store.active_user_devices(user):
        session = client.olm.session_store.get(device.curve25519)
        sealed = client.olm._olm_encrypt(session, device, "m.room_key", key)
        await client.to_device(ToDeviceMessage("m.room.encrypted", user, device.id, sealed))


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
    if what == "kick":
        response = await client.room_kick(order["room"], order["user"])
        return {} if isinstance(response, RoomKickResponse) else {"error": str(response)}
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
    if what == "unseal":
        file = order["file"]
        opened = decrypt_attachment(b64decode(order["bytes"]), file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        return {"bytes": b64encode(opened).decode()}
    if what == "say":
        response = await client.room_send(order["room"], order["type"], order["content"], ignore_unverified_devices=True)
        return {"event_id": response.event_id} if isinstance(response, RoomSendResponse) else {"error": str(response)}
    if what == "withhold":
        return {"key": withhold(client, order["room"])}
    if what == "renew":
        await know(client, order["user"])
        client.olm.outbound_group_sessions.pop(order["room"], None)
        return {}
    if what == "share":
        await share(client, order["key"], order["user"])
        return {}
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
