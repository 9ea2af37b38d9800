"""The vendor's Python SDKs for mPaaS push, unmodified, against a running node, over HTTP and HTTPS.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with an exception at the first surprise.
"""

import importlib
import json
import os
import re
import time
import urllib.request
import uuid

from alibabacloud_mpaas20201028 import models
from alibabacloud_mpaas20201028.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from darabonba.runtime import RuntimeOptions

with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    NODE = json.load(file)
# The app of the phones in the sandbox, as development mode names it.
BUNDLE = "dev.noroshi.example"
INSTANCE = {"AppId": NODE["mpaas_app_id"], "WorkspaceId": NODE["workspace_id"]}


def host(scheme):
    return NODE[scheme].split("//")[1]


def tea(scheme, algorithm=None, secret=None):
    """The current SDK: its own request and answer models."""
    config = Config(
        access_key_id=NODE["access_key_id"],
        access_key_secret=secret or NODE["access_key_secret"],
        endpoint=host(scheme),
        protocol=scheme,
        region_id="cn-hangzhou",
        signature_algorithm=algorithm,
    )
    client, runtime = Client(config), RuntimeOptions(ca=NODE["ca_file"])

    def call(action, **params):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower() + "_with_options"
        request = getattr(models, f"{action}Request")().from_map({**INSTANCE, **params})
        return getattr(client, name)(request, runtime).body.to_map()

    return call


def core(scheme):
    """The older SDK, by requests that know no action."""
    verify = NODE["ca_file"] if scheme == "https" else None
    client = AcsClient(NODE["access_key_id"], NODE["access_key_secret"], "cn-hangzhou", verify=verify)

    def call(action, **params):
        request = CommonRequest()
        request.set_accept_format("json")
        request.set_domain(host(scheme))
        request.set_protocol_type(scheme)
        request.set_method("POST")
        request.set_version("2020-10-28")
        request.set_action_name(action)
        for name, value in flat({**INSTANCE, **params}):
            request.add_body_params(name, value)
        return json.loads(client.do_action_with_exception(request))

    return call


def generated(scheme):
    """The older SDK's own requests, of version 2019-08-21."""
    verify = NODE["ca_file"] if scheme == "https" else None
    client = AcsClient(NODE["access_key_id"], NODE["access_key_secret"], "cn-hangzhou", verify=verify)

    def call(action, **params):
        module = importlib.import_module(f"aliyunsdkmpaas.request.v20190821.{action}Request")
        request = getattr(module, f"{action}Request")()
        request.set_endpoint(host(scheme))
        request.set_protocol_type(scheme)
        for name, value in {**INSTANCE, **params}.items():
            getattr(request, f"set_{name}")(value)
        return json.loads(client.do_action_with_exception(request))

    return call


def flat(params):
    """Lists of objects as the gateway's protocol flattens them."""
    for name, value in params.items():
        if isinstance(value, list):
            for number, item in enumerate(value, 1):
                for field, inner in item.items():
                    yield f"{name}.{number}.{field}", inner
        else:
            yield name, value


def pushed(answer):
    assert answer["ResultCode"] == "OK" and answer["PushResult"]["Success"] is True, answer
    return answer["PushResult"].get("Data", "")


def kept(answer):
    assert answer["Success"] is True and answer["Code"] == "100", answer
    return answer.get("Data")


def found(answer):
    assert answer["ResultCode"] == "OK", answer
    return answer["ResultContent"]["Data"]


def refused(answer, code):
    assert answer.get("ResultCode", answer.get("Code")) == code, answer


def walk(call):
    """Every action that both SDKs can call, on names that this walk alone knows."""
    own = uuid.uuid4().hex[:12]
    template, user, device = f"tpl_{own}", f"user-{own}", f"device-{own}"
    common = {"TaskName": "conformance", "DeliveryType": 3, "ExpiredSeconds": 300}

    made = call("CreateTemplate", TemplateName=template, Title="To #name#", Content="标 题 #name#+*~", Variables="name",
                DescInfo="d", Uri="https://example.com/#name#")
    number = kept(made)
    assert kept(call("GetTemplate", TemplateName=template))["Id"] == number
    assert kept(call("GetTemplate", TemplateId=number))["Content"] == "标 题 #name#+*~"
    page = call("ListTemplatePage", CurrentPage=1, PageSize=100)
    assert any(one["Name"] == template for one in kept(page)), page
    refused(call("CreateTemplate", TemplateName=template, Title="t", Content="c"), "3036")

    pushed(call("PushReport", DeliveryToken=device, OsType=1, ThirdChannel=5, ThirdChannelDeviceToken=f"hms-{own}"))
    pushed(call("PushBind", DeliveryToken=device, UserId=user, OsType=1))
    state = kept(call("PushQueryDeviceState", TargetType=2, Target=user))
    assert (state["DeviceId"], state["Manufacturer"], state["Statue"]) == (device, "hms", "OFFLINE"), state

    key = json.dumps({user: f"key-{own}"})
    assert int(pushed(call("PushSimple", **common, TargetMsgkey=key, Title="t", Content="c"))) > 0
    pushed(call("PushTemplate", **common, TargetMsgkey=key, TemplateName=template,
                TemplateKeyValue=json.dumps({"name": "x"})))
    refused(call("PushTemplate", **common, TargetMsgkey=key, TemplateName=template), "3023")
    refused(call("PushSimple", **common, TargetMsgkey="{}", Title="t", Content="c"), "3021")
    pushed(call("RevokePushMessage", MessageId=f"key-{own}", TargetId=user))
    task = pushed(call("PushMultiple", **common, TemplateName=template, TargetMsg=[
        {"Target": user, "MsgKey": f"batch-{own}", "TemplateKeyValue": json.dumps({"name": "y"})},
        {"Target": f"{user}-2", "MsgKey": f"batch2-{own}", "TemplateKeyValue": json.dumps({"name": "z"})},
    ]))
    detail = found(call("QueryPushAnalysisTaskDetail", TaskId=task))
    assert str(detail["TaskId"]) == task, detail
    listed = found(call("QueryPushAnalysisTaskList", StartTime=0))
    assert any(one["TaskId"] == task for one in listed), listed
    pushed(call("RevokePushTask", TaskId=task))
    time.sleep(1.1)
    pushed(call("PushBroadcast", **{**common, "DeliveryType": 1}, Msgkey=f"all-{own}", TemplateName=template,
                TemplateKeyValue=json.dumps({"name": "all"}), PushStatus=1, BindPeriod=4))

    now = int(time.time() * 1000)
    plan = pushed(call("PushSimple", **common, TargetMsgkey=key, Title="later", Content="c", StrategyType=1,
                       StrategyContent=json.dumps({"fixedTime": now + 3_600_000})))
    planned = found(call("QueryPushSchedulerList", StartTime=now, EndTime=now + 7_200_000, UniqueId=plan))
    assert planned["TotalCount"] == 1 and planned["List"][0]["PushTitle"] == "later", planned
    assert found(call("QueryMpsSchedulerList", UniqueId=plan))["TotalCount"] == 1
    assert call("CancelPushScheduler", UniqueIds=plan)["ResultCode"] == "OK"
    refused(call("CancelPushScheduler", UniqueIds=plan), "3054")

    index = found(call("QueryPushAnalysisCoreIndex", StartTime=now, EndTime=now))
    assert index["PushTotalNum"] >= 0, index
    assert call("ListAnalysisCoreIndex")["ResultContent"]["Success"] is True
    pushed(call("PushUnBind", DeliveryToken=device, UserId=user))
    kept(call("DeleteTemplate", TemplateName=template))
    refused(call("GetTemplate", TemplateName=template), "3022")


def apple(method, path, body=None):
    """Asks Apple's room of the sandbox."""
    url = f"{NODE['sandbox']['api']}/apns/{path}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


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


def live(call, content):
    """Something that a phone shows live is changed and ended by its token; Apple's room tells what came."""
    token = apple("POST", "devices", {"bundle": BUNDLE, "live": True})["token"]
    common = {"TaskName": "conformance", "DeliveryType": 5, "ExpiredSeconds": 300, "Title": "On its way", "Content": "c"}

    def does(**more):
        key = json.dumps({token: f"live-{uuid.uuid4().hex[:12]}"})
        return call("PushSimple", **common, TargetMsgkey=key, **more)

    assert int(pushed(does(ActivityEvent="update", **content))) > 0
    (got,) = arrived(token, 1)
    aps = got["payload"]["aps"]
    assert (aps["event"], aps["content-state"]) == ("update", {"stops": "3", "where": "路上 +*~"}), got
    assert aps["alert"] == {"title": "On its way", "body": "c"}, got
    assert got["headers"]["apns-push-type"] == "liveactivity" and got["warnings"] == [], got
    refused(does(ActivityEvent="start", **content), "3028")
    refused(does(ActivityEvent="update"), "3028")
    refused(does(), "3028")
    pushed(does(ActivityEvent="end", DismissalDate=1_900_000_000, **content))
    aps = arrived(token, 2)[1]["payload"]["aps"]
    assert (aps["event"], aps["dismissal-date"]) == ("end", 1_900_000_000), aps


def older(call):
    """What the older SDK has requests for."""
    own = uuid.uuid4().hex[:12]
    key = json.dumps({f"user-{own}": f"key-{own}"})
    answer = call("PushSimple", TaskName="conformance", DeliveryType=3, ExpiredSeconds=300, TargetMsgkey=key, Title="t",
                  Content="c")
    pushed(answer)


for scheme in ("http", "https"):
    walk(tea(scheme))
    walk(tea(scheme, algorithm="v2"))
    walk(core(scheme))
    content = {"stops": "3", "where": "路上 +*~"}
    live(tea(scheme), {"ActivityContentState": content})
    live(core(scheme), {f"ActivityContentState.{name}": value for name, value in content.items()})
    older(generated(scheme))
    try:
        tea(scheme, secret="wrong")("ListTemplatePage")
        raise AssertionError("a wrong secret is answered")
    except ClientException as refusal:
        assert (refusal.code, refusal.status_code) == ("SignatureDoesNotMatch", 400), refusal
    try:
        core(scheme)("PushNothing")
        raise AssertionError("an unknown action is answered")
    except ServerException as refusal:
        assert refusal.error_code == "InvalidApi.NotFound", refusal
print("mPaaS push by alibabacloud_mpaas20201028 and aliyun-python-sdk-mpaas: as expected")
