// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// server.js LOG PORT [KEY CERTIFICATE]: serves until its standard input ends; a line of JSON for every call that ended.
'use strict';
const fs = require('fs');
const {grpc, service} = require('./orders');

const [log, port, key, certificate] = process.argv.slice(2);
const lines = fs.createWriteStream(log);
const status = (code) => ({code, details: 'as asked', metadata: new grpc.Metadata()});

const handlers = {
  Get: (call, done) => done(null, call.request),
  Fail: (call, done) => call.request[0] ? done(status(call.request[0])) : done(null, call.request),
  Slow: (call) => call.sendMetadata(new grpc.Metadata()),
  Late: () => {},
  List: (call) => {
    for (let i = 0; i < call.request[0]; i++) call.write(Buffer.alloc(i * 700, 1));
    call.end();
  },
  FailList: (call) => {
    call.write(Buffer.alloc(3));
    call.write(Buffer.alloc(0));
    call.emit('error', status(call.request[0]));
  },
  Watch: (call) => call.write(Buffer.alloc(9)),
  Upload: (call, done) => {
    let n = 0;
    call.on('data', () => n++);
    call.on('end', () => done(null, Buffer.from([n])));
  },
  Chat: (call) => {
    call.on('data', (bytes) => call.write(bytes));
    call.on('end', () => call.end());
  },
  Talk: (call) => call.on('data', (bytes) => call.write(bytes)),
};

// What comes first, a status that is sent or the end from outside, is how a call ended.
function logged(method, call) {
  let over = false;
  const end = (code) => {
    if (!over) lines.write(JSON.stringify({method: method.path, code}) + '\n');
    over = true;
  };
  return new grpc.ServerInterceptingCall(call, {
    start: (next) => next(new grpc.ServerListenerBuilder().withOnCancel(() => end('aborted')).build()),
    sendStatus: (s, next) => { end(s.code); next(s); },
  });
}

const server = new grpc.Server({interceptors: [logged], 'grpc.max_receive_message_length': -1});
server.addService(service, handlers);
const credentials = key
  ? grpc.ServerCredentials.createSsl(null, [{private_key: fs.readFileSync(key), cert_chain: fs.readFileSync(certificate)}])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync('127.0.0.1:' + port, credentials, (error) => { if (error) throw error; });
process.stdin.resume();
process.stdin.on('end', () => server.tryShutdown(() => lines.end(() => process.exit(0))));
