// The vendor's Node SDKs, unmodified, against a running node: mPaaS push over HTTP and HTTPS, by form and ACS3.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import Core from "@alicloud/pop-core";
import OpenApi from "@alicloud/openapi-client";
import Util from "@alicloud/tea-util";

const node = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, "utf8"));
const ca = readFileSync(node.ca_file, "utf8");
const instance = { AppId: node.mpaas_app_id, WorkspaceId: node.workspace_id };
const { default: Client, Config, OpenApiRequest, Params } = OpenApi;

// The old core: every parameter in the form.
function core(scheme) {
  const client = new Core({
    accessKeyId: node.access_key_id, accessKeySecret: node.access_key_secret, endpoint: node[scheme],
    apiVersion: "2020-10-28", codes: ["100"], opts: { ca },
  });
  return (action, params) => client.request(action, { ...instance, ...params }, { method: "POST", formatParams: false });
}

// The generic client of the new core.
function tea(scheme) {
  const client = new Client(new Config({
    accessKeyId: node.access_key_id, accessKeySecret: node.access_key_secret, endpoint: node[scheme].split("//")[1],
    protocol: scheme, regionId: "cn-hangzhou",
  }));
  return async (action, params) => {
    const target = new Params({
      action, version: "2020-10-28", protocol: "HTTPS", pathname: "/", method: "POST", authType: "AK", style: "RPC",
      reqBodyType: "formData", bodyType: "json",
    });
    const request = new OpenApiRequest({ body: { ...instance, ...params } });
    return (await client.callApi(target, request, new Util.RuntimeOptions({ ca }))).body;
  };
}

const pushed = (answer) => {
  assert.equal(answer.ResultCode, "OK", JSON.stringify(answer));
  assert.equal(answer.PushResult.Success, true, JSON.stringify(answer));
  return answer.PushResult.Data;
};

async function walk(call) {
  const own = randomUUID().slice(0, 8);
  const [template, user, device] = [`tpl_${own}`, `user-${own}`, `device-${own}`];
  const common = { TaskName: "conformance", DeliveryType: 3, ExpiredSeconds: 300 };
  const made = await call("CreateTemplate", { TemplateName: template, Title: "t", Content: "标 题 #name#'()!*~" });
  assert.equal(made.Success, true, JSON.stringify(made));
  const read = await call("GetTemplate", { TemplateName: template });
  assert.equal(read.Data.Content, "标 题 #name#'()!*~");
  pushed(await call("PushBind", { DeliveryToken: device, UserId: user, OsType: 1 }));
  const state = await call("PushQueryDeviceState", { TargetType: 1, Target: device });
  assert.equal(state.Data.UserId, user);
  const key = JSON.stringify({ [user]: `key-${own}` });
  pushed(await call("PushSimple", { ...common, TargetMsgkey: key, Title: "t", Content: "c" }));
  const values = JSON.stringify({ name: "x" });
  pushed(await call("PushTemplate", {
    ...common, TargetMsgkey: key, TemplateName: template, TemplateKeyValue: values,
  }));
  const task = pushed(await call("PushMultiple", {
    ...common, TemplateName: template, "TargetMsg.1.Target": user, "TargetMsg.1.MsgKey": `batch-${own}`,
    "TargetMsg.1.TemplateKeyValue": values,
  }));
  pushed(await call("RevokePushMessage", { MessageId: `key-${own}`, TargetId: user }));
  pushed(await call("RevokePushTask", { TaskId: task }));
  const now = Date.now();
  const index = await call("QueryPushAnalysisCoreIndex", { StartTime: now, EndTime: now });
  assert.ok(index.ResultContent.Data.PushTotalNum >= 0);
  pushed(await call("PushUnBind", { DeliveryToken: device, UserId: user }));
  await call("DeleteTemplate", { TemplateName: template });
}

for (const scheme of ["http", "https"]) {
  await walk(core(scheme));
  await walk(tea(scheme));
}
console.log("mPaaS push by pop-core and openapi-client: as expected");
