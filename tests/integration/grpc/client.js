// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// client.js LOG PORT ROUNDS [AUTHORITY]: calls of every kind, many at once on a few connections; a line of JSON for each.
'use strict';
const fs = require('fs');
const {grpc, Client} = require('./orders');

const [log, port, rounds, authority] = process.argv.slice(2);
const lines = fs.createWriteStream(log);
const credentials = authority ? grpc.credentials.createSsl(fs.readFileSync(authority)) : grpc.credentials.createInsecure();
const clients = [0, 1, 2].map((i) => new Client('localhost:' + port, credentials,
  {'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1, 'test.number': i}));

// A status made here and not by the server has words of its own.
const ours = (s) => s.details.startsWith('Deadline exceeded after') || s.details === 'Cancelled on client';

// cancelAt: messages that came, 0 the metadata: so the server is known to have the call by then.
function run(client, name, {messages = [], deadline, cancelAt}) {
  return new Promise((resolve) => {
    const definition = Client.service[name];
    const call = client.makeBidiStreamRequest(definition.path, (b) => b, (b) => b, new grpc.Metadata(),
      deadline ? {deadline: Date.now() + deadline} : {});
    let got = 0;
    call.on('data', () => { if (++got === cancelAt) call.cancel(); });
    call.on('metadata', () => { if (cancelAt === 0) call.cancel(); });
    call.on('error', () => {});
    call.on('status', (s) => {
      const code = ours(s) ? 'aborted' : s.code;
      lines.write(JSON.stringify({method: definition.path, code, sent: messages.length, got}) + '\n');
      resolve();
    });
    for (const bytes of messages) call.write(bytes);
    if (name !== 'Talk') call.end();
  });
}

const some = (n, size) => Array.from({length: n}, (_, i) => Buffer.alloc((i * size) % 100003, i));

async function round(client, i) {
  const calls = [];
  const go = (name, how) => calls.push(run(client, name, how));
  for (const size of [0, 1, 100, 16379, 16380, 70000]) go('Get', {messages: [Buffer.alloc(size)]});
  for (let code = 0; code <= 16; code++) go('Fail', {messages: [Buffer.from([code])]});
  for (const n of [0, 1, 5, 40]) go('List', {messages: [Buffer.from([n])]});
  go('FailList', {messages: [Buffer.from([5 + i % 5])]});
  for (const n of [0, 1, 3, 17]) go('Upload', {messages: some(n, 9001)});
  for (const n of [0, 1, 2, 25]) go('Chat', {messages: some(n, 333)});
  go('Late', {messages: [Buffer.from('x')], deadline: 1000}); // long enough to be sent first
  go('Slow', {messages: [Buffer.from('x')], cancelAt: 0});
  go('Watch', {messages: [Buffer.from('x')], cancelAt: 1});
  go('Talk', {messages: some(3, 10), cancelAt: 3});
  await Promise.all(calls);
}

(async () => {
  // A deadline that passes before there is a connection would be of a call that nobody ever saw.
  await Promise.all(clients.map((client) => new Promise((ready, failed) => client.waitForReady(Date.now() + 20000,
    (error) => error ? failed(error) : ready()))));
  for (let i = 0; i < +rounds; i++) await Promise.all(clients.map((client) => round(client, i)));
  clients.forEach((client) => client.close());
  lines.end(() => setTimeout(() => process.exit(0), 200));
})();
