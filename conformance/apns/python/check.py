"""aioapns, unmodified, against the sandbox: accepted, gone with its moment, unknown, a burst, a certificate.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.
"""

import asyncio
import json
import logging
import os
import ssl
import tempfile
import urllib.parse
import urllib.request

from aioapns import APNs, NotificationRequest, PushType
from aioapns.connection import APNsProductionClientProtocol

with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    SANDBOX = json.load(file)["sandbox"]
API = SANDBOX["api"]
BUNDLE = "com.example.python"

# The client knows two hosts; its class attributes are where it looks for them.
service = urllib.parse.urlsplit(SANDBOX["apns"])
APNsProductionClientProtocol.APNS_SERVER = service.hostname
APNsProductionClientProtocol.APNS_PORT = service.port


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data, method=method), timeout=10) as answer:
        return json.load(answer)


def phone():
    return control("POST", "/apns/devices", {"bundle": BUNDLE})["token"]


def trust():
    return ssl.create_default_context(cafile=SANDBOX["ca_file"])


def request(token, text):
    return NotificationRequest(
        device_token=token,
        message={"aps": {"alert": text}},
        time_to_live=3600,
        push_type=PushType.ALERT,
    )


def expect(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")
    print(what)


async def quiet(_request, _result):
    """Refusals are expected here; the client would log them."""


async def main():
    # It says at length that its pool is busy while a burst waits.
    logging.getLogger("aioapns").setLevel(logging.ERROR)
    key = control("POST", "/apns/keys", {})
    control("POST", "/apns/apps", {"bundle": BUNDLE})
    client = APNs(
        key=key["p8"],
        key_id=key["key"],
        team_id=key["team"],
        topic=BUNDLE,
        ssl_context=trust(),
        err_func=quiet,
    )

    active = phone()
    result = await client.send_notification(request(active, "first light"))
    expect(result.status, "200", "200: accepted")
    inbox = control("GET", f"/apns/devices/{active}/inbox")["notifications"]
    expect(inbox[0]["payload"], {"aps": {"alert": "first light"}}, "the inbox holds it")

    gone = phone()
    control("PUT", f"/apns/devices/{gone}/state", {"state": "unregistered", "since_ms": 1700000000123})
    result = await client.send_notification(request(gone, "nobody home"))
    found = (result.status, result.description, result.timestamp)
    expect(found, ("410", "Unregistered", 1700000000123), "410: Unregistered with its moment")

    result = await client.send_notification(request("ab" * 32, "who?"))
    expect((result.status, result.description), ("400", "BadDeviceToken"), "400: BadDeviceToken")

    phones = [phone() for _ in range(60)]
    results = await asyncio.gather(*(client.send_notification(request(token, "to all")) for token in phones))
    expect({result.status for result in results}, {"200"}, "burst: 60 of 60 on a connection that was proved")

    fresh = APNs(
        key=key["p8"], key_id=key["key"], team_id=key["team"], topic=BUNDLE, ssl_context=trust(), max_connections=1
    )
    results = await asyncio.gather(*(fresh.send_notification(request(token, "at once")) for token in phones))
    expect({result.status for result in results}, {"200"}, "burst: 60 of 60 as the first words of a connection")

    issued = control("POST", "/apns/certificates", {"bundle": BUNDLE})
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(issued["certificate_pem"] + issued["key_pem"])
        pem.flush()
        certified = APNs(client_cert=pem.name, topic=BUNDLE, ssl_context=trust())
        result = await certified.send_notification(request(active, "by certificate"))
        expect(result.status, "200", "200: by certificate")


asyncio.run(asyncio.wait_for(main(), timeout=60))
