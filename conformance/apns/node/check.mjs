// @parse/node-apn, unmodified, against the sandbox: accepted, gone with its moment, unknown, a burst, a lost connection.
//
// NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import apn from '@parse/node-apn';

const { sandbox } = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, 'utf8'));
const api = sandbox.api;
const service = new URL(sandbox.apns);
const ca = readFileSync(sandbox.ca_file);
const bundle = 'com.example.node';

async function control(method, path, body) {
  const answer = await fetch(api + path, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${method} ${path}`);
  return answer.json();
}

function provider(options) {
  return new apn.Provider({ address: service.hostname, port: Number(service.port), ca, production: true, ...options });
}

function note(text) {
  const note = new apn.Notification();
  note.topic = bundle;
  note.pushType = 'alert';
  note.alert = text;
  note.expiry = Math.floor(Date.now() / 1000) + 3600;
  return note;
}

const { team, key, p8 } = await control('POST', '/apns/keys', {});
await control('POST', '/apns/apps', { bundle });
const phone = async () => (await control('POST', '/apns/devices', { bundle })).token;
const sender = provider({ token: { key: p8, keyId: key, teamId: team } });

const active = await phone();
let result = await sender.send(note('first light'), active);
assert.deepEqual([result.sent.length, result.failed.length], [1, 0], JSON.stringify(result));
const inbox = await control('GET', `/apns/devices/${active}/inbox`);
assert.equal(inbox.notifications[0].payload.aps.alert, 'first light');
assert.deepEqual(inbox.notifications[0].warnings, []);
console.log('200: accepted, and in the inbox');

const gone = await phone();
await control('PUT', `/apns/devices/${gone}/state`, { state: 'unregistered', since_ms: 1700000000123 });
result = await sender.send(note('nobody home'), gone);
assert.equal(result.failed[0].status, 410);
assert.deepEqual(result.failed[0].response, { reason: 'Unregistered', timestamp: 1700000000123 });
console.log('410: Unregistered with its moment');

result = await sender.send(note('who?'), 'ab'.repeat(32));
assert.equal(result.failed[0].status, 400);
assert.equal(result.failed[0].response.reason, 'BadDeviceToken');
console.log('400: BadDeviceToken');

const many = await Promise.all(Array.from({ length: 200 }, phone));
result = await sender.send(note('to all'), many);
assert.deepEqual([result.sent.length, result.failed.length], [200, 0], JSON.stringify(result.failed[0]));
console.log('burst: 200 of 200 on a connection that was proved');

const fresh = provider({ token: { key: p8, keyId: key, teamId: team } });
result = await fresh.send(note('to all at once'), many);
assert.deepEqual([result.sent.length, result.failed.length], [200, 0], JSON.stringify(result.failed[0]));
console.log('burst: 200 of 200 as the first words of a connection');
await fresh.shutdown();

await control('POST', '/faults', { token: active, effect: 'drop' });
result = await sender.send(note('lost'), active);
assert.equal(result.failed.length, 1);
// The client learns of the lost connection a moment after the lost request, and may use it once more.
for (let attempt = 0; attempt < 20; attempt += 1) {
  result = await sender.send(note('found'), active);
  if (result.sent.length === 1) break;
}
assert.equal(result.sent.length, 1, JSON.stringify(result));
console.log('drop: failed, then accepted on a new connection');
await sender.shutdown();

const issued = await control('POST', '/apns/certificates', { bundle });
const certified = provider({ cert: issued.certificate_pem, key: issued.key_pem });
result = await certified.send(note('by certificate'), active);
assert.equal(result.sent.length, 1, JSON.stringify(result));
await certified.shutdown();
const p12 = provider({ pfx: Buffer.from(issued.p12_base64, 'base64'), passphrase: issued.p12_password });
result = await p12.send(note('by p12'), active);
assert.equal(result.sent.length, 1, JSON.stringify(result));
await p12.shutdown();
console.log('200: by certificate, as PEM and as p12');

const expired = await control('POST', '/apns/certificates', { bundle, expires_in_ms: -86400000 });
const late = provider({ cert: expired.certificate_pem, key: expired.key_pem });
result = await late.send(note('too late'), active);
assert.equal(result.failed[0].response?.reason, 'BadCertificate', JSON.stringify(result));
await late.shutdown();
console.log('403: BadCertificate for an expired one');
