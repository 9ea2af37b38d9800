"""The vendor's Python SDKs for EMAS push, unmodified, against a running node, over HTTP and HTTPS.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with an exception at the first surprise.
"""

import importlib
import json
import os
import re
import time
import urllib.request

from alibabacloud_push20160801 import models
from alibabacloud_push20160801.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from darabonba.runtime import RuntimeOptions

from device import shows_live

with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    NODE = json.load(file)
APP = NODE["app_key"]
# The app of the phones in the sandbox, as development mode names it.
BUNDLE = "dev.noroshi.example"


class Refused(Exception):
    """A refusal as the SDK raised it."""

    def __init__(self, code, status, message):
        super().__init__(code)
        self.code, self.status, self.message = code, status, message


def admin(method, path, body):
    """Asks the operators' API, which no SDK knows."""
    request = urllib.request.Request(
        f"{NODE['admin_api']}/admin/v1/{path}",
        method=method,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {NODE['admin_token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def apple(method, path, body=None):
    """Asks Apple's room of the sandbox."""
    url = f"{NODE['sandbox']['api']}/apns/{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def live_token():
    """A token of something live on a phone."""
    return apple("POST", "devices", {"bundle": BUNDLE, "live": True})["token"]


def arrived(token, count):
    """What Apple's room has for a token, as soon as it is so many."""
    deadline = time.monotonic() + 20
    while True:
        inbox = apple("GET", f"devices/{token}/inbox")["notifications"]
        if len(inbox) >= count:
            assert len(inbox) == count, inbox
            return inbox
        assert time.monotonic() < deadline, f"{len(inbox)} of {count} have come: {inbox}"
        time.sleep(0.05)


def host(scheme):
    return NODE[scheme].split("//")[1]


def tea(scheme, key, algorithm=None):
    """The current SDK."""
    config = Config(
        access_key_id=key["access_key_id"],
        access_key_secret=key["access_key_secret"],
        security_token=key.get("security_token"),
        endpoint=host(scheme),
        protocol=scheme,
        region_id="cn-hangzhou",
        signature_algorithm=algorithm,
    )
    client, runtime = Client(config), RuntimeOptions(ca=NODE["ca_file"])

    def call(action, **params):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower() + "_with_options"
        make = getattr(models, f"{action}Request", None)
        try:
            if make is None:
                answer = getattr(client, name)(runtime)
            else:
                answer = getattr(client, name)(make().from_map(params), runtime)
        except ClientException as refusal:
            raise Refused(refusal.code, refusal.status_code, refusal.message) from refusal
        return answer.body.to_map()

    return call


def core(scheme, key):
    """The older SDK."""
    options = {"region_id": "cn-hangzhou", "verify": NODE["ca_file"] if scheme == "https" else None}
    if key.get("security_token"):
        credential = StsTokenCredential(key["access_key_id"], key["access_key_secret"], key["security_token"])
        client = AcsClient(credential=credential, **options)
    else:
        client = AcsClient(key["access_key_id"], key["access_key_secret"], **options)

    def call(action, **params):
        module = importlib.import_module(f"aliyunsdkpush.request.v20160801.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_endpoint(host(scheme))
        request.set_protocol_type(scheme)
        for name, value in params.items():
            getattr(request, f"set_{name}")(value)
        try:
            return json.loads(client.do_action_with_exception(request))
        except ServerException as refusal:
            raise Refused(refusal.error_code, refusal.http_status, refusal.message) from refusal

    return call


def refused(call, code, action, **params):
    try:
        answer = call(action, **params)
    except Refused as refusal:
        assert (refusal.code, refusal.status) == (code, 400), (action, params, refusal.code, refusal.status)
        return refusal
    raise AssertionError(f"{action} {params} is answered: {answer}")


def names(answer, outer, inner, field=None):
    found = answer[outer][inner]
    return [one[field] for one in found] if field else found


def walk(call, device, other):
    """Every action that is served, on two devices that this walk alone knows."""
    tag, alias = f"tag-{device[:6]}", f"alias-{device[:6]}"

    assert call("BindAlias", AppKey=APP, DeviceId=device, AliasName=f"{alias},标 题+*~")["RequestId"]
    answer = call("QueryAliases", AppKey=APP, DeviceId=device)
    assert names(answer, "AliasInfos", "AliasInfo", "AliasName") == [alias, "标 题+*~"], answer
    answer = call("QueryDevicesByAlias", AppKey=APP, Alias=alias)
    assert names(answer, "DeviceIds", "DeviceId") == [device], answer
    refused(call, "InvalidAliasName.NotFound", "UnbindAlias", AppKey=APP, DeviceId=device, AliasName="nothing")
    call("UnbindAlias", AppKey=APP, DeviceId=device, AliasName="标 题+*~", UnbindAll=False)
    call("UnbindAlias", AppKey=APP, DeviceId=device, UnbindAll=True)
    assert names(call("QueryAliases", AppKey=APP, DeviceId=device), "AliasInfos", "AliasInfo", "AliasName") == []

    call("BindTag", AppKey=APP, ClientKey=f"{device},{other}", KeyType="DEVICE", TagName=f"{tag},男性")
    answer = call("QueryTags", AppKey=APP, ClientKey=device, KeyType="DEVICE")
    assert names(answer, "TagInfos", "TagInfo", "TagName") == [tag, "男性"], answer
    assert tag in names(call("ListTags", AppKey=APP), "TagInfos", "TagInfo", "TagName")
    call("UnbindTag", AppKey=APP, ClientKey=device, KeyType="DEVICE", TagName=tag)
    answer = call("QueryTags", AppKey=APP, ClientKey=device, KeyType="DEVICE")
    assert names(answer, "TagInfos", "TagInfo", "TagName") == ["男性"], answer
    call("RemoveTag", AppKey=APP, TagName=tag)
    refused(call, "InvalidTagName.NotFound", "RemoveTag", AppKey=APP, TagName=tag)
    refused(call, "InvalidTagName.LengthExceed", "RemoveTag", AppKey=APP, TagName="标" * 129)
    refused(call, "InvalidKeyType.Format", "QueryTags", AppKey=APP, ClientKey=device, KeyType="PHONE")

    call("BindPhone", AppKey=APP, DeviceId=device, PhoneNumber="+8613800000000")
    info = call("QueryDeviceInfo", AppKey=APP, DeviceId=device)["DeviceInfo"]
    assert (info["PhoneNumber"], info["DeviceType"], info["Account"]) == ("+8613800000000", "ANDROID", f"user-{device[:6]}")
    assert (info["Online"], info["PushEnabled"], info["Tags"]) == (False, True, "男性"), info
    call("UnbindPhone", AppKey=APP, DeviceId=device)
    assert call("QueryDeviceInfo", AppKey=APP, DeviceId=device)["DeviceInfo"]["PhoneNumber"] == ""
    answer = call("QueryDevicesByAccount", AppKey=APP, Account=f"user-{device[:6]}")
    assert names(answer, "DeviceIds", "DeviceId") == [device], answer

    assert call("CheckDevice", AppKey=APP, DeviceId=device)["Available"] is True
    unknown = "f" * 32
    answer = call("CheckDevices", AppKey=APP, DeviceIds=f"{device},{unknown}")
    checked = [(one["DeviceId"], one["Available"]) for one in answer["DeviceCheckInfos"]["DeviceCheckInfo"]]
    assert checked == [(device, True), (unknown, False)], answer
    refused(call, "InvalidDeviceIds.SizeExceed", "CheckDevices", AppKey=APP, DeviceIds=",".join([device] * 101))
    refused(call, "InvalidDeviceId.NotFound", "QueryDeviceInfo", AppKey=APP, DeviceId=unknown)
    refused(call, "InvalidDeviceId.Format", "QueryDeviceInfo", AppKey=APP, DeviceId="no device")
    refused(call, "InvalidDeviceId.Empty", "QueryDeviceInfo", AppKey=APP, DeviceId="")
    refused(call, "InvalidDeviceId.Blank", "QueryDeviceInfo", AppKey=APP, DeviceId=" ")
    refused(call, "MissingDeviceId", "QueryDeviceInfo", AppKey=APP)
    refused(call, "InvalidAccount.BytesExceed", "QueryDevicesByAccount", AppKey=APP, Account="a" * 65)
    refused(call, "PermissionDenied", "ListTags", AppKey=7)

    found = call("ListSummaryApps")["SummaryAppInfos"]["SummaryAppInfo"]
    assert {"AppKey": APP, "AppName": "development"} in found, found
    certificate = call("CheckCertificate", AppKey=APP)
    assert certificate["IOS"] is True and certificate["Android"] is True, certificate
    assert certificate["ProductionCertInfo"]["Status"] == "OK", certificate


def live(call, device):
    """Something that a phone shows live is begun, changed and ended; Apple's room tells what came."""
    kind, name = f"Parcel{device[:6]}", f"parcel-{device[:6]}"
    begins, shown = live_token(), live_token()
    for what, token, starts in ((kind, begins, True), (name, shown, False)):
        shows_live(NODE, NODE["admin"], NODE["admin_user_sig"], device, what, token, starts)
    push = {"AppKey": APP, "PushType": "NOTICE", "DeviceType": "iOS", "Target": "DEVICE", "TargetValue": device,
            "iOSApnsEnv": "PRODUCT"}

    def does(event, **more):
        fields = {f"iOSLiveActivity{field}": value for field, value in more.items()}
        return call("Push", **push, Title="On its way", Body="b", iOSLiveActivityEvent=event, **fields)

    state = json.dumps({"stops": 3, "where": "路上 +*~"})
    assert does("start", AttributesType=kind, Attributes=json.dumps({"number": 7}), ContentState=state)["MessageId"]
    assert does("update", Id=name, ContentState=state, StaleDate=1_900_000_000)["MessageId"]
    (got,) = arrived(begins, 1)
    aps = got["payload"]["aps"]
    assert (aps["event"], aps["attributes-type"], aps["attributes"]) == ("start", kind, {"number": 7}), got
    assert (aps["content-state"], aps["alert"]["title"]) == (json.loads(state), "On its way"), got
    (got,) = arrived(shown, 1)
    aps = got["payload"]["aps"]
    assert (aps["event"], aps["content-state"], aps["stale-date"]) == ("update", json.loads(state), 1_900_000_000), got
    assert got["headers"]["apns-push-type"] == "liveactivity" and got["warnings"] == [], got
    assert does("end", Id=name, DismissalDate=1_900_000_001)["MessageId"]
    aps = arrived(shown, 2)[1]["payload"]["aps"]
    assert (aps["event"], aps["dismissal-date"]) == ("end", 1_900_000_001), aps
    dismissed = {"Id": name, "ContentState": state, "DismissalDate": 1}
    for code, event, more in (
        ("InvalidiOSLiveActivityEvent.Format", "pause", {"Id": name}),
        ("MissingiOSLiveActivityId", "update", {"ContentState": state}),
        ("MissingiOSLiveActivityContentState", "update", {"Id": name}),
        ("MissingiOSLiveActivityAttributesType", "start", {"Attributes": "{}", "ContentState": state}),
        ("InvalidiOSLiveActivityDismissalDate.Format", "update", dismissed),
    ):
        fields = {f"iOSLiveActivity{field}": value for field, value in more.items()}
        refused(call, code, "Push", **push, Title="t", Body="b", iOSLiveActivityEvent=event, **fields)
    assert [len(arrived(token, count)) for token, count in ((begins, 1), (shown, 2))] == [1, 2]


def main():
    own = {name: NODE[name] for name in ("access_key_id", "access_key_secret")}
    temporary = admin("POST", "cloud/accounts/default/keys", {"kind": "temporary", "grants": [{"actions": ["mpush:*"]}]})
    reader = admin("POST", "cloud/accounts/default/keys", {"kind": "user", "grants": [{"actions": ["mpush:Query*"]}]})
    ways = []
    for scheme in ("http", "https"):
        for what, key in (("own", own), ("temporary", temporary)):
            ways.append((f"tea {scheme} {what}", tea(scheme, key)))
            ways.append((f"tea v2 {scheme} {what}", tea(scheme, key, "v2")))
            ways.append((f"core {scheme} {what}", core(scheme, key)))
    devices = []
    for number in range(len(ways)):
        pair = [f"{number:06x}{kind}" + "0" * 25 for kind in "ab"]
        devices.append(pair)
        lines = [
            {"device": pair[0], "os": "android", "account": f"user-{pair[0][:6]}", "brand": "Example"},
            {"device": pair[1], "os": "ios"},
        ]
        admin("POST", f"apps/{APP}/devices", {"devices": lines})
    for (name, call), (device, other) in zip(ways, devices):
        walk(call, device, other)
        live(call, f"{device[:6]}{'c' * 26}")
        print(f"emas-python: {name} held")
    # The older SDK lays what this side signed beside what it signed itself: they are the same, so the secret is wrong.
    for make, code in ((tea, "SignatureDoesNotMatch"), (core, "InvalidAccessKeySecret")):
        refused(make("http", {**own, "access_key_secret": "wrong"}), code, "ListTags", AppKey=APP)
        refused(make("http", {**own, "access_key_id": "nobody"}), "InvalidAccessKeyId.NotFound", "ListTags", AppKey=APP)
        refused(make("http", reader), "NoPermission", "ListTags", AppKey=APP)
        make("http", reader)("QueryTags", AppKey=APP, ClientKey="x", KeyType="ALIAS")
    for state, code in (
        ("unsupported", "AccountNotSupport"),
        ("prohibited", "AccountProhibited"),
        ("in_debt", "AccountInDebt"),
        ("disabled", "AccountDisabled"),
    ):
        admin("PATCH", "cloud/accounts/default", {"state": state})
        refused(tea("http", own), code, "ListTags", AppKey=APP)
    admin("PATCH", "cloud/accounts/default", {"state": "active", "rate_total": 1})
    codes = set()
    for _ in range(5):
        try:
            core("http", own)("ListTags", AppKey=APP)
        except Refused as refusal:
            codes.add(refusal.code)
    assert codes == {"Throttling.User"}, codes
    admin("PATCH", "cloud/accounts/default", {"rate_total": None})
    print("emas-python: every check held")


main()
