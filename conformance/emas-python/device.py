"""A phone at the gateway, as far as this suite needs one: it logs in and says what its app shows live.

Nothing of the vendor's: frames as proto/gateway.proto publishes them, written by hand over the WebSocket of aiohttp,
which the SDKs bring along.
"""

import asyncio

import aiohttp

LOGIN, PUSH_REGISTER, PUSH_ACTIVITY = 2, 32, 42
ANSWER = 1
IPHONE = 1


def varint(number):
    """A number, seven bits a byte."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(found) + bytes([number])


def message(fields):
    """A message from its fields by number; what is empty is left out."""
    found = b""
    for number, value in fields.items():
        if not value:
            continue
        if isinstance(value, int):
            found += varint(number << 3) + varint(value)
        else:
            text = value.encode() if isinstance(value, str) else value
            found += varint(number << 3 | 2) + varint(len(text)) + text
    return found


def read(text):
    """The fields of a message by number."""
    place, found = 0, {}

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = text[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(text):
        key = number()
        if key & 7 == 0:
            found[key >> 3] = number()
        else:
            assert key & 7 == 2, f"a field of kind {key & 7}"
            size = number()
            found[key >> 3] = bytes(text[place : place + size])
            place += size
    return found


async def told(node, account, user_sig, device, activity):
    async with aiohttp.ClientSession() as session, session.ws_connect(node["gateway"]) as socket:
        cookie, seq = b"", 0

        async def ask(command, body):
            nonlocal seq
            seq += 1
            frame = {1: seq, 2: command, 3: node["sdk_app_id"], 4: account, 5: cookie, 9: message(body)}
            await socket.send_bytes(message(frame))
            while True:
                got = read(await socket.receive_bytes(timeout=10))
                if got.get(1) == seq and got.get(6, 0) & ANSWER:
                    assert not got.get(7), (command, got)
                    return read(got.get(9, b""))

        cookie = (await ask(LOGIN, {1: user_sig, 2: device, 3: IPHONE}))[5]
        await ask(PUSH_REGISTER, {1: 1})
        name, token, starts = activity
        await ask(PUSH_ACTIVITY, {1: name, 2: token, 4: int(starts)})


def shows_live(node, account, user_sig, device, name, token, starts=False):
    """Lets a phone say that its app shows something live, or may begin to, by a token."""
    asyncio.run(told(node, account, user_sig, device, (name, token, starts)))
