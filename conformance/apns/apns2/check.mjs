// apns2, unmodified, against the sandbox: accepted, gone with its moment, unknown, silent, a burst over its pool.
//
// The client knows port 443 only. Node's own tls.connect is told that 443 of localhost is elsewhere, and whom to trust.
// NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { ApnsClient, Errors, Notification, SilentNotification } from 'apns2';

const { sandbox } = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, 'utf8'));
const service = new URL(sandbox.apns);
const ca = readFileSync(sandbox.ca_file);
const bundle = 'com.example.apns2';

const connect = tls.connect;
tls.connect = (options, ...rest) => {
  const there = options.host === 'localhost' && Number(options.port) === 443;
  return connect(there ? { ...options, host: service.hostname, port: Number(service.port || 443), ca } : options, ...rest);
};

async function control(method, path, body) {
  const answer = await fetch(sandbox.api + path, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${method} ${path}`);
  return answer.json();
}

const { team, key, p8 } = await control('POST', '/apns/keys', {});
await control('POST', '/apns/apps', { bundle });
const phone = async () => (await control('POST', '/apns/devices', { bundle })).token;
const client = new ApnsClient({ team, keyId: key, signingKey: p8, defaultTopic: bundle, host: 'localhost' });

const active = await phone();
await client.send(new Notification(active, { alert: 'first light', badge: 3 }));
const inbox = await control('GET', `/apns/devices/${active}/inbox`);
assert.deepEqual([inbox.notifications[0].body, inbox.notifications[0].badge], ['first light', 3]);
console.log('200: accepted, and in the inbox');

await client.send(new SilentNotification(active));
const silent = (await control('GET', `/apns/devices/${active}/inbox`)).notifications[1];
assert.equal(silent.headers['apns-priority'], '5');
assert.deepEqual(silent.warnings, []);
console.log('200: silent');

const gone = await phone();
await control('PUT', `/apns/devices/${gone}/state`, { state: 'unregistered', since_ms: 1700000000123 });
const refused = await client.send(new Notification(gone, { alert: 'nobody home' })).catch((error) => error);
assert.deepEqual([refused.statusCode, refused.reason], [410, Errors.unregistered]);
assert.equal(refused.response.timestamp, 1700000000123);
console.log('410: Unregistered with its moment');

const unknown = await client.send(new Notification('ab'.repeat(32), { alert: 'who?' })).catch((error) => error);
assert.deepEqual([unknown.statusCode, unknown.reason], [400, Errors.badDeviceToken]);
console.log('400: BadDeviceToken');

const many = await Promise.all(Array.from({ length: 100 }, phone));
const results = await client.sendMany(many.map((token) => new Notification(token, { alert: 'to all' })));
assert.deepEqual(results.filter((result) => result.error), []);
console.log('burst: 100 of 100');
await client.close();
