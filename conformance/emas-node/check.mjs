// The vendor's Node SDKs, unmodified, against a running node: EMAS push over HTTP and HTTPS, by GET, form and ACS3.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Core from "@alicloud/pop-core";
import OpenApi from "@alicloud/openapi-client";
import Util from "@alicloud/tea-util";

const node = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, "utf8"));
const ca = readFileSync(node.ca_file, "utf8");
const app = node.app_key;
const { default: Client, Config, OpenApiRequest, Params } = OpenApi;

async function admin(method, path, body) {
  const answer = await fetch(`${node.admin_api}/admin/v1/${path}`, {
    method, body: JSON.stringify(body),
    headers: { authorization: `Bearer ${node.admin_token}`, "content-type": "application/json" },
  });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

// The old core: every parameter in the query (GET) or in the form (POST).
function core(scheme, method, secret = node.access_key_secret) {
  const client = new Core({
    accessKeyId: node.access_key_id, accessKeySecret: secret, endpoint: node[scheme], apiVersion: "2016-08-01",
    opts: { ca },
  });
  return (action, params) => client.request(action, params, { method, formatParams: false });
}

// The generic client of the new core.
function tea(scheme, place, secret = node.access_key_secret) {
  const client = new Client(new Config({
    accessKeyId: node.access_key_id, accessKeySecret: secret, endpoint: node[scheme].split("//")[1], protocol: scheme,
    regionId: "cn-hangzhou",
  }));
  return async (action, params) => {
    const target = new Params({
      action, version: "2016-08-01", protocol: "HTTPS", pathname: "/", method: "POST", authType: "AK", style: "RPC",
      reqBodyType: "formData", bodyType: "json",
    });
    const answer = await client.callApi(target, new OpenApiRequest({ [place]: params }), new Util.RuntimeOptions({ ca }));
    return answer.body;
  };
}

const refused = async (call, code, action, params) => {
  await assert.rejects(call(action, params), (error) => {
    assert.equal(error.code, code, `${action}: ${error}`);
    return true;
  });
};

async function walk(call, device) {
  const [alias, tag] = [`alias-${device.slice(0, 6)}`, `tag-${device.slice(0, 6)}`];
  await call("BindAlias", { AppKey: app, DeviceId: device, AliasName: `${alias},标 题'()!*~` });
  const aliases = await call("QueryAliases", { AppKey: app, DeviceId: device });
  assert.deepEqual(aliases.AliasInfos.AliasInfo.map((one) => one.AliasName), [alias, "标 题'()!*~"]);
  const found = await call("QueryDevicesByAlias", { AppKey: app, Alias: alias });
  assert.deepEqual(found.DeviceIds.DeviceId, [device]);
  await call("UnbindAlias", { AppKey: app, DeviceId: device, UnbindAll: true });
  await call("BindTag", { AppKey: app, ClientKey: device, KeyType: "DEVICE", TagName: tag });
  const tags = await call("QueryTags", { AppKey: app, ClientKey: device, KeyType: "DEVICE" });
  assert.deepEqual(tags.TagInfos.TagInfo.map((one) => one.TagName), [tag]);
  assert.ok((await call("ListTags", { AppKey: app })).TagInfos.TagInfo.some((one) => one.TagName === tag));
  await call("UnbindTag", { AppKey: app, ClientKey: device, KeyType: "DEVICE", TagName: tag });
  await call("RemoveTag", { AppKey: app, TagName: tag });
  await refused(call, "InvalidTagName.NotFound", "RemoveTag", { AppKey: app, TagName: tag });
  await call("BindPhone", { AppKey: app, DeviceId: device, PhoneNumber: "+8613800000000" });
  const shown = await call("QueryDeviceInfo", { AppKey: app, DeviceId: device });
  assert.equal(shown.DeviceInfo.PhoneNumber, "+8613800000000");
  await call("UnbindPhone", { AppKey: app, DeviceId: device });
  assert.equal((await call("CheckDevice", { AppKey: app, DeviceId: device })).Available, true);
  const checked = await call("CheckDevices", { AppKey: app, DeviceIds: `${device},${"f".repeat(32)}` });
  assert.deepEqual(checked.DeviceCheckInfos.DeviceCheckInfo.map((one) => one.Available), [true, false]);
  const mine = await call("QueryDevicesByAccount", { AppKey: app, Account: `user-${device.slice(0, 6)}` });
  assert.deepEqual(mine.DeviceIds.DeviceId, [device]);
  assert.ok((await call("ListSummaryApps", {})).SummaryAppInfos.SummaryAppInfo.some((one) => one.AppKey === app));
  assert.equal((await call("CheckCertificate", { AppKey: app })).IOS, true);
  await refused(call, "MissingAppKey", "ListTags", {});
  await refused(call, "InvalidDeviceId.NotFound", "QueryDeviceInfo", { AppKey: app, DeviceId: "f".repeat(32) });
  await refused(call, "PermissionDenied", "ListTags", { AppKey: 7 });
  await refused(call, "InvalidApi.NotFound", "NoSuchAction", {});
}

const ways = [];
for (const scheme of ["http", "https"]) {
  ways.push([`pop-core GET ${scheme}`, core(scheme, "GET")], [`pop-core POST ${scheme}`, core(scheme, "POST")]);
  ways.push([`openapi-client query ${scheme}`, tea(scheme, "query")], [`openapi-client form ${scheme}`, tea(scheme, "body")]);
}
for (const [number, [name, call]] of ways.entries()) {
  const device = `${number.toString(16).padStart(6, "0")}c${"0".repeat(25)}`;
  const account = `user-${device.slice(0, 6)}`;
  await admin("POST", `apps/${app}/devices`, { devices: [{ device, os: "android", account }] });
  await walk(call, device);
  console.log(`emas-node: ${name} held`);
}
await refused(core("http", "POST", "wrong"), "SignatureDoesNotMatch", "ListTags", { AppKey: app });
await refused(tea("http", "query", "wrong"), "SignatureDoesNotMatch", "ListTags", { AppKey: app });
console.log("emas-node: every check held");
