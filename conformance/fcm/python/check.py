"""firebase-admin for Python, unmodified, against the sandbox: its own sign-in with a key file, sends, refusals, many.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.
"""

import json
import os
import urllib.parse
import urllib.request
import warnings

# The SDK calls tokens deprecated in favour of installation ids; the phones of the sandbox have tokens.
warnings.filterwarnings("ignore", category=DeprecationWarning)
with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    SANDBOX = json.load(file)["sandbox"]
# Both libraries that the client speaks HTTP with read whom to trust from here, before they are loaded.
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = SANDBOX["ca_file"]

import firebase_admin  # noqa: E402
from firebase_admin import credentials, exceptions, messaging  # noqa: E402

API, URL, PROJECT = SANDBOX["api"], SANDBOX["fcm"], "conformance-python"


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data, method=method), timeout=30) as answer:
        return json.load(answer)


def phone(app=PROJECT):
    return control("POST", "/fcm/devices", {"app": app})["token"]


def inbox(token):
    return control("GET", f"/fcm/devices/{urllib.parse.quote(token)}/inbox")["notifications"]


def expect(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r} instead of {wanted!r}")
    print(what)


def refusal(message):
    try:
        messaging.send(message)
    except exceptions.FirebaseError as error:
        return type(error).__name__
    return None


# The client knows one host for sends; its class attribute is where it looks for it. The token endpoint is in the key file.
messaging._MessagingService.FCM_URL = URL + "/v1/projects/{0}/messages:send"
account = control("POST", "/fcm/apps", {"project_id": PROJECT})["service_account"]
app = firebase_admin.initialize_app(credentials.Certificate(account))
messaging._get_messaging_service(app)._fcm_topic_url = f"{URL}/v1/projects/{PROJECT}/registrations"

NOTE = messaging.Notification(title="first light", body="hello")
active = phone()
name = messaging.send(messaging.Message(token=active, notification=NOTE, data={"a": "b"}))
expect(name.startswith(f"projects/{PROJECT}/messages/0:"), True, "200: signed in with the key file, accepted")
expect((inbox(active)[0]["title"], inbox(active)[0]["payload"]["data"]), ("first light", {"a": "b"}), "in the inbox")
dry = messaging.send(messaging.Message(token=active, notification=NOTE), dry_run=True)
expect((dry, len(inbox(active))), (f"projects/{PROJECT}/messages/fake_message_id", 1), "validated only")

expect(refusal(messaging.Message(token="abc", notification=NOTE)), "InvalidArgumentError", "400: a token that is none")
gone = phone()
control("PUT", f"/fcm/devices/{urllib.parse.quote(gone)}/state", {"state": "unregistered"})
expect(refusal(messaging.Message(token=gone, notification=NOTE)), "UnregisteredError", "404: unregistered")
control("POST", "/fcm/apps", {"project_id": "conformance-elsewhere"})
foreign = phone("conformance-elsewhere")
expect(refusal(messaging.Message(token=foreign, notification=NOTE)), "SenderIdMismatchError", "403: another project's")
control("POST", "/faults", {"room": "fcm", "effect": "answer", "code": "QUOTA_EXCEEDED"})
expect(refusal(messaging.Message(token=active, notification=NOTE)), "QuotaExceededError", "429: a quota used up")

many = [phone() for _ in range(30)]
report = messaging.send_each_for_multicast(messaging.MulticastMessage(tokens=[*many, gone], notification=NOTE))
expect((report.success_count, report.failure_count), (30, 1), "many: 30 of 30, and one that is gone")
answer = messaging.subscribe_to_topic(many[:2], "news")
expect((answer.success_count, answer.failure_count), (2, 0), "topic: subscribed")
messaging.send(messaging.Message(topic="news", notification=NOTE))
expect((len(inbox(many[0])), len(inbox(many[2]))), (2, 1), "topic: reached")
