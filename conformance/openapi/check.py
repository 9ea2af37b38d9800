"""The OpenAPI document of a running node: valid, and true of what the node answers.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.
"""

import json
import os
import urllib.parse
import urllib.request

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    CREDENTIALS = json.load(file)
QUERY = urllib.parse.urlencode(
    {
        "sdkappid": CREDENTIALS["sdk_app_id"],
        "identifier": CREDENTIALS["admin"],
        "usersig": CREDENTIALS["admin_user_sig"],
        "random": 1,
        "contenttype": "json",
    }
)


def get(path):
    with urllib.request.urlopen(CREDENTIALS["http"] + path, timeout=10) as answer:
        return json.load(answer)


def call(command, body):
    request = urllib.request.Request(f"{CREDENTIALS['http']}/v4/{command}?{QUERY}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


DOCUMENT = get("/v4/openapi.json")
validate(DOCUMENT, cls=OpenAPIV31SpecValidator)
print(f"valid: {len(DOCUMENT['paths'])} commands")


def holds(command, kind, value):
    """Whether a value is as the document says: a body, or an answer."""
    operation = DOCUMENT["paths"][f"/v4/{command}"]["post"]
    place = operation["requestBody"] if kind == "body" else operation["responses"]["200"]
    schema = dict(DOCUMENT, **place["content"]["application/json"]["schema"])
    faults = [f"{list(fault.path)}: {fault.message}" for fault in Draft202012Validator(schema).iter_errors(value)]
    if faults:
        raise SystemExit(f"{kind} of {command}: {value} is not as the document says: {faults}")


def check(command, body, code=0):
    answer = call(command, body)
    if answer["ErrorCode"] != code:
        raise SystemExit(f"{command}: {answer}, not {code}")
    if code == 0:
        holds(command, "body", body)
    holds(command, "answer", answer)
    return answer


def text(random, sender="alice", receiver="bob"):
    elements = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
    return {"From_Account": sender, "To_Account": receiver, "MsgRandom": random, "MsgBody": elements}


check("im_open_login_svc/account_import", {"UserID": "alice", "Nick": "Alice", "FaceUrl": "https://a.example/a.png"})
check("im_open_login_svc/multiaccount_import", {"Accounts": ["bob", "carol"]})
check("im_open_login_svc/account_check", {"CheckItem": [{"UserID": "alice"}, {"UserID": "nobody"}]})
check("im_open_login_svc/account_check", {}, 70402)
check("openim/query_online_status", {"To_Account": ["alice", "nobody"], "IsNeedDetail": 1})
sent = check("openim/sendmsg", text(1))
check("openim/batchsendmsg", dict(text(2), To_Account=["bob", "carol", "nobody"]))
check("openim/sendmsg", dict(text(3), MsgRandom="3"), 90005)
check("openim/get_c2c_unread_msg_num", {"To_Account": "bob", "Peer_Account": ["alice", "nobody"]})
span = {"Operator_Account": "bob", "Peer_Account": "alice", "MaxCnt": 10, "MinTime": 0, "MaxTime": 4000000000}
check("openim/admin_getroammsg", span)
check("openim/admin_set_msg_read", {"Report_Account": "bob", "Peer_Account": "alice"})
check("openim/admin_msgwithdraw", {"From_Account": "alice", "To_Account": "bob", "MsgKey": sent["MsgKey"]})
check("openim/admin_getroammsg", span)
check("im_open_login_svc/kick", {"UserID": "alice"})
check("im_open_login_svc/account_delete", {"DeleteItem": [{"UserID": "alice"}, {"UserID": "nobody"}]})

# What is served and not called above is at least refused as the document says.
for path in DOCUMENT["paths"]:
    command = path.removeprefix("/v4/")
    holds(command, "answer", call(command, {"Unheard_Of": [{}]}))
print("true of what is answered")
