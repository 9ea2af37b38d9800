"""hpa (Huawei's own Python SDK), unmodified, against the sandbox: its own sign-in, sends, partial failure, topics.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.
"""

import json
import os
import urllib.request
import warnings

import hpa
from hpa import messaging

# The client does not look at certificates, and its HTTP library says so at every call.
warnings.filterwarnings("ignore")
with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    SANDBOX = json.load(file)["sandbox"]
API, URL = SANDBOX["api"], SANDBOX["huawei"]


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data, method=method), timeout=10) as answer:
        return json.load(answer)


def expect(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")
    print(what)


def message(**target):
    shown = messaging.AndroidNotification(
        title="first light", body="hello", click_action=messaging.AndroidClickAction(action_type=3)
    )
    android = messaging.AndroidConfig(ttl="86400s", notification=shown)
    return messaging.Message(android=android, **target)


known = control("POST", "/huawei/apps", {})
phone = control("POST", "/huawei/devices", {"app": known["app_id"]})["token"]
hpa.initialize_app(
    known["app_id"], known["secret"], token_server=URL + "/oauth2/v3/token", push_open_url=URL
)

answer = messaging.send_message(message(token=[phone]))
expect((answer.code, answer.reason), ("80000000", "Success"), "80000000: signed in, accepted")
inbox = control("GET", f"/huawei/devices/{phone}/inbox")["notifications"]
expect((inbox[0]["title"], inbox[0]["body"]), ("first light", "hello"), "in the inbox")

answer = messaging.send_message(message(token=[phone, "zz"]))
expect(answer.code, "80100000", "80100000: some tokens are none")
expect(json.loads(answer.reason)["illegal_tokens"], ["zz"], "and are named")
answer = messaging.send_message(message(token=["zz"]))
expect(answer.code, "80300007", "80300007: none is one")

answer = messaging.subscribe_topic("news", [phone])
expect(answer.code, "80000000", "topic: subscribed")
messaging.send_message(message(topic="news"))
expect(len(control("GET", f"/huawei/devices/{phone}/inbox")["notifications"]), 3, "topic: reached")
