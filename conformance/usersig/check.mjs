// UserSigs made by the vendor's own signing library open the REST surface; bent, expired and void ones do not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import TLSSigAPIv2 from "tls-sig-api-v2";

const credentials = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, "utf8"));
const app = credentials.sdk_app_id;
const signer = new TLSSigAPIv2.Api(app, credentials.secret_key);

async function call(command, body, sig, identifier = credentials.admin) {
  const query = new URLSearchParams({
    sdkappid: app, identifier, usersig: sig, random: "4294967295", contenttype: "json",
  });
  const answer = await fetch(`${credentials.http}/v4/${command}?${query}`, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return (await answer.json()).ErrorCode;
}

const check = (sig, identifier) => call("im_open_login_svc/account_check", { CheckItem: [{ UserID: "a" }] }, sig, identifier);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const good = signer.genUserSig(credentials.admin, 3600);
assert.equal(await check(good), 0);
assert.equal(await check(signer.genPrivateMapKey(credentials.admin, 3600, 10000, 255)), 0, "a userbuf is signed too");

assert.equal(await check(""), 70002);
assert.equal(await check(good.slice(0, 60)), 70003);
assert.equal(await check(new TLSSigAPIv2.Api(app, "another key").genUserSig(credentials.admin, 3600)), 70009);
assert.equal(await check(signer.genUserSig("somebody", 3600)), 70013);
assert.equal(await check(new TLSSigAPIv2.Api(app + 1, credentials.secret_key).genUserSig(credentials.admin, 3600)), 70014);
assert.equal(await check(signer.genUserSig(credentials.admin, -1)), 70001);
assert.equal(await check(signer.genUserSig("somebody", 3600), "somebody"), 60010);

assert.equal(await call("im_open_login_svc/account_import", { UserID: credentials.admin }, good), 0);
assert.equal(await call("im_open_login_svc/kick", { UserID: credentials.admin }, good), 0);
assert.equal(await check(good), 70001, "a kick makes earlier sigs void");
await pause(1100);
assert.equal(await check(signer.genUserSig(credentials.admin, 3600)), 0, "a later one holds");

console.log("usersig: every check held");
