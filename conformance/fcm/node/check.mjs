// firebase-admin for Node, unmodified, against the sandbox: its own sign-in with a key file, sends, refusals, many.
//
// The client knows Google's host names only. Node's own tls.connect is told that they are the sandbox, and whom to trust.
// NOROSHI_CREDENTIALS names the file that development mode wrote; leaves with 1 at the first surprise.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { cert, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';

const { sandbox } = JSON.parse(readFileSync(process.env.NOROSHI_CREDENTIALS, 'utf8'));
const service = new URL(sandbox.fcm);
const ca = readFileSync(sandbox.ca_file);

const connect = tls.connect;
tls.connect = (options, ...rest) => {
  const name = options.servername ?? options.host ?? '';
  if (!name.endsWith('googleapis.com') && name !== 'accounts.google.com') return connect(options, ...rest);
  const there = { host: service.hostname, port: Number(service.port), servername: 'localhost', ca };
  return connect({ ...options, ...there }, ...rest);
};

async function control(method, path, body) {
  const answer = await fetch(sandbox.api + path, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${method} ${path}`);
  return answer.json();
}

const project = await control('POST', '/fcm/apps', { project_id: 'conformance-node' });
const phone = async () => (await control('POST', '/fcm/devices', { app: 'conformance-node' })).token;
const messaging = getMessaging(initializeApp({ credential: cert(project.service_account) }));

const active = await phone();
const notification = { title: 'first light', body: 'hello' };
const id = await messaging.send({ token: active, notification, data: { a: 'b' }, android: { ttl: 3500, priority: 'high' } });
assert.match(id, /^projects\/conformance-node\/messages\/0:/);
const inbox = await control('GET', `/fcm/devices/${encodeURIComponent(active)}/inbox`);
assert.deepEqual([inbox.notifications[0].title, inbox.notifications[0].body], ['first light', 'hello']);
assert.deepEqual(inbox.notifications[0].payload.android, { ttl: '3.500000000s', priority: 'high' });
console.log('200: signed in with the key file, accepted, and in the inbox');

const refusal = (message) => messaging.send(message).then(() => assert.fail('accepted'), (error) => error.code);
assert.equal(await refusal({ token: 'abc', notification }), 'messaging/invalid-argument');
console.log('400: a token that is none');

const gone = await phone();
await control('PUT', `/fcm/devices/${encodeURIComponent(gone)}/state`, { state: 'unregistered' });
assert.equal(await refusal({ token: gone, notification }), 'messaging/registration-token-not-registered');
console.log('404: unregistered');

await control('POST', '/fcm/apps', { project_id: 'conformance-other' });
const foreign = (await control('POST', '/fcm/devices', { app: 'conformance-other' })).token;
assert.equal(await refusal({ token: foreign, notification }), 'messaging/mismatched-credential');
console.log('403: a phone of another project');

assert.equal(await refusal({ token: active, data: { a: 'x'.repeat(5000) } }), 'messaging/invalid-argument');
console.log('400: too large');

await control('POST', '/faults', { room: 'fcm', effect: 'answer', code: 'UNAVAILABLE' });
await messaging.send({ token: active, notification });
console.log('503: the client tries again by itself');

// Its multicast over HTTP/2 writes the scheme with a colon, which HTTP/2 servers reset; the older transport does not.
messaging.enableLegacyHttpTransport();
const many = await Promise.all(Array.from({ length: 50 }, phone));
const report = await messaging.sendEachForMulticast({ tokens: [...many, gone], notification });
assert.deepEqual([report.successCount, report.failureCount], [50, 1]);
console.log('many: 50 of 50, and one that is gone');

const subscribed = await messaging.subscribeToTopic(many.slice(0, 2), 'news');
assert.deepEqual([subscribed.successCount, subscribed.failureCount], [2, 0]);
await messaging.send({ topic: 'news', notification });
const heard = await control('GET', `/fcm/devices/${encodeURIComponent(many[0])}/inbox`);
assert.equal(heard.notifications.length, 2);
console.log('topic: subscribed and reached');
