"""timsdk (PyPI), unmodified, against a running node: every method that the client has.

NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise. A method whose command
is not served must stand in README.md as missing; one that stands there and is served is a surprise as well.
"""

import inspect
import json
import os
import re
import time
import urllib.request

from timsdk import TimClient, api
from timsdk.http_client import HttpClient

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.environ["NOROSHI_CREDENTIALS"], encoding="utf-8") as file:
    CREDENTIALS = json.load(file)
with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
    MISSING = set(re.findall(r"^\| `([^`]+)` \| missing \|", file.read(), re.MULTILINE))
with urllib.request.urlopen(CREDENTIALS["http"] + "/v4/openapi.json", timeout=10) as document:
    SERVED = {path.removeprefix("/v4/") for path in json.load(document)["paths"]}
UNKNOWN_COMMAND = 60009

# The client knows one host; how it makes a URL is the one thing that is changed.
vendor_url = HttpClient.get_url
called = []


def own_url(client, path, random_id=1):
    called.append(path)
    url = vendor_url(client, path, random_id)
    return url.replace("https://console.tim.qq.com", CREDENTIALS["http"])


HttpClient.get_url = own_url
# It signs with the vendor's own library, from the key of the app.
client = TimClient(CREDENTIALS["sdk_app_id"], CREDENTIALS["secret_key"], CREDENTIALS["admin"])


def good(answer):
    return answer["ErrorCode"] == 0 and answer["ActionStatus"] == "OK"


def items(name, codes):
    """Success, with these codes in a list of items."""

    def check(answer):
        return good(answer) and [item["ResultCode"] for item in answer[name]] == codes

    return check


def field(value, *path):
    """Success, with this value at a place."""

    def check(answer):
        for step in path:
            answer = answer[step]
        return answer == value

    return lambda answer: good(answer) and check(answer)


def tag(answer, list_name, values, name):
    return {item["Tag"]: item["Value"] for item in answer[list_name][0][values]}.get(name)


def keep(name, source):
    """Success; what is answered under a name is kept for later calls."""

    def check(answer):
        state[name] = answer[source]
        return good(answer) and bool(state[name])

    return check


state = {"key": "", "group": "@TGS#none"}
accounts, sns, im = client.im_open_login_svc, client.sns, client.open_im
profile, config, history = client.profile, client.open_config_svr, client.open_msg_svc
groups = client.group_open_http_svc

# Service, method, arguments, what a right answer is. In this order, because later ones build on earlier ones. Arguments
# that are functions are asked for when their turn comes.
CASES = [
    (accounts, "account_import", ("ann", "Ann", "https://a.example/ann.png"), good),
    (accounts, "im_open_login_svc", (["ben", "cat", "dan"],), good),
    (
        accounts,
        "account_check",
        (["ann", "nobody"],),
        lambda a: good(a) and [item["AccountStatus"] for item in a["ResultItem"]] == ["Imported", "NotImported"],
    ),
    (accounts, "kick", ("dan",), good),
    (im, "query_state", (["ann", "ben"],), lambda a: good(a) and [item["State"] for item in a["QueryResult"]] == ["Offline"] * 2),
    (im, "send_text_msg", ("ben", "hello", "ann"), keep("key", "MsgKey")),
    (im, "batch_send_text_msg", (["ben", "cat"], "hello all", "ann"), good),
    (im, "import_text_msg", ("ben", "cat", "long ago"), good),
    (im, "admin_msg_withdraw", ("ben", "ann", lambda: state["key"]), good),
    (profile, "portrait_set", ("ann", [{"Tag": "Tag_Profile_IM_Nick", "Value": "Annie"}]), good),
    (
        profile,
        "portrait_get",
        (["ann"],),
        lambda a: good(a) and tag(a, "UserProfileItem", "ProfileItem", "Tag_Profile_IM_Nick") == "Annie",
    ),
    (sns, "friend_add", ("ann", [{"To_Account": "ben", "AddSource": "AddSource_Type_Test"}]), items("ResultItem", [0])),
    (
        sns,
        "friend_import",
        ("ann", [{"To_Account": "cat", "AddSource": "AddSource_Type_Test", "GroupName": ["work"]}]),
        items("ResultItem", [0]),
    ),
    (
        sns,
        "friend_update",
        ("ann", [{"To_Account": "ben", "SnsItem": [{"Tag": "Tag_SNS_IM_Remark", "Value": "my Ben"}]}]),
        items("ResultItem", [0]),
    ),
    (
        sns,
        "friend_check",
        ("ann", ["ben", "cat", "dan"]),
        lambda a: [item["Relation"].removeprefix("CheckResult_Type_") for item in a["InfoItem"]]
        == ["BothWay", "AWithB", "NoRelation"],
    ),
    (sns, "friend_get", ("ann",), lambda a: good(a) and {one["To_Account"] for one in a["UserDataItem"]} == {"ben", "cat"}),
    (
        sns,
        "friend_get_list",
        ("ann", ["ben"]),
        lambda a: good(a) and tag(a, "InfoItem", "SnsProfileItem", "Tag_SNS_IM_Remark") == "my Ben",
    ),
    (sns, "group_add", ("ann", ["family"], ["ben"]), items("ResultItem", [0])),
    (sns, "group_delete", ("ann", ["family"]), good),
    (sns, "black_list_add", ("ann", ["dan"]), items("ResultItem", [0])),
    (sns, "black_list_get", ("ann",), lambda a: good(a) and [one["To_Account"] for one in a["BlackListItem"]] == ["dan"]),
    (
        sns,
        "black_list_check",
        ("ann", ["dan", "ben"]),
        lambda a: [item["Relation"].removeprefix("BlackCheckResult_Type_") for item in a["BlackListCheckItem"]]
        == ["AWithB", "NO"],
    ),
    (sns, "black_list_delete", ("ann", ["dan"]), items("ResultItem", [0])),
    (sns, "friend_delete", ("ann", ["ben"]), items("ResultItem", [0])),
    (sns, "friend_delete_all", ("ann",), good),
    (config, "set_no_speaking", ("ann", 7200, 600), good),
    (config, "get_no_speaking", ("ann",), lambda a: good(a) and 7100 < a["C2CmsgNospeakingTime"] <= 7200),
    (config, "get_app_info", (["ChainIncrease"],), lambda a: a["ErrorCode"] == 0 and all("Date" in day for day in a["Result"])),
    # Of an hour in which nothing was sent there is no file.
    (history, "get_history", ("C2C", time.strftime("%Y%m%d%H", time.gmtime(time.time() - 7200))), lambda a: a["ErrorCode"] == 1004),
    (groups, "create_group", ("a group", "ann", [{"Member_Account": "ben"}], groups.TYPE_PUBLIC), keep("group", "GroupId")),
    (groups, "get_app_id_group_list", (), good),
    (groups, "get_group_info", (lambda: [state["group"]],), good),
    (groups, "get_group_member_info", (lambda: state["group"],), good),
    (groups, "modify_group_base_info", (lambda: state["group"], "another name"), good),
    (groups, "add_group_member", (lambda: state["group"], [{"Member_Account": "cat"}]), good),
    (groups, "modify_group_member_info", (lambda: state["group"], "ben", groups.ROLE_ADMIN), good),
    (groups, "get_joined_group_list", ("ben",), good),
    (groups, "get_role_in_group", (lambda: state["group"], ["ben"]), good),
    (groups, "forbid_send_msg", (lambda: state["group"], ["cat"], 60), good),
    (groups, "get_group_shut_uin", (lambda: state["group"],), good),
    (
        groups,
        "send_group_msg",
        (lambda: state["group"], [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}], "ann"),
        keep("seq", "MsgSeq"),
    ),
    (groups, "send_group_system_notification", (lambda: state["group"], "a notice"), good),
    (groups, "group_msg_get_simple", (lambda: state["group"], 10), good),
    (groups, "group_msg_recall", (lambda: state["group"], lambda: [{"MsgSeq": state.get("seq", 1)}]), good),
    (groups, "set_unread_msg_num", (lambda: state["group"], "cat", 3), good),
    (groups, "delete_group_msg_by_sender", (lambda: state["group"], "ann"), good),
    (groups, "change_group_owner", (lambda: state["group"], "ben"), good),
    (groups, "delete_group_member", (lambda: state["group"], ["cat"]), good),
    (groups, "destroy_group", (lambda: state["group"],), good),
    (groups, "import_group", ("an old group", "ann"), keep("group", "GroupId")),
    (groups, "import_group_member", (lambda: state["group"], [{"Member_Account": "ben", "Role": "Member"}]), good),
    (
        groups,
        "import_group_msg",
        (
            lambda: state["group"],
            [
                {
                    "From_Account": "ann",
                    "SendTime": int(time.time()) - 60,
                    "Random": 1,
                    "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "long ago"}}],
                }
            ],
        ),
        good,
    ),
    (accounts, "account_delete", (["ann", "nobody"],), items("ResultItem", [0, 70107])),
]


def methods():
    """Every method of the client, as service and name."""
    for name in dir(api):
        service = getattr(api, name)
        if inspect.isclass(service) and issubclass(service, api.BaseRESTAPI) and service is not api.BaseRESTAPI:
            for method, _ in inspect.getmembers(service, inspect.isfunction):
                if not method.startswith("_") and method not in ("get_client", "set_client"):
                    yield service.__name__, method


def run():
    known = {(type(service).__name__, method) for service, method, _, _ in CASES}
    surprises = [f"{service}.{method} is not called here" for service, method in sorted(set(methods()) - known)]
    ran = missing = 0
    for service, method, arguments, is_right in CASES:
        called.clear()
        values = [argument() if callable(argument) else argument for argument in arguments]
        answer = getattr(service, method)(*values)
        command = called[-1]
        what = f"{type(service).__name__}.{method} ({command})"
        if command not in SERVED:
            missing += 1
            if command not in MISSING:
                surprises.append(f"{what} is not served, and not said to be missing")
            if answer["ErrorCode"] != UNKNOWN_COMMAND:
                surprises.append(f"{what} is not served, and answers {answer}")
            continue
        ran += 1
        if command in MISSING:
            surprises.append(f"{what} is served, and said to be missing")
        try:
            is_good = is_right(answer)
        except (KeyError, IndexError, TypeError) as error:
            is_good, answer = False, f"{answer} ({error!r})"
        if not is_good:
            surprises.append(f"{what} answers {answer}")
    print(f"{ran} methods right or wrong as below, {missing} missing")
    if surprises:
        raise SystemExit("\n".join(surprises))


run()
