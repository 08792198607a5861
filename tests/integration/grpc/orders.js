// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The service that both ends of the gRPC tests agree on. Messages are bytes as they are.
'use strict';
const grpc = require('@grpc/grpc-js');

const asIs = (bytes) => bytes;
const method = (name, requestStream, responseStream) => ({
  path: '/shop.v1.Orders/' + name, requestStream, responseStream,
  requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs,
});
exports.service = {
  Get: method('Get', false, false),          // answers with as many bytes as it was sent
  Fail: method('Fail', false, false),        // ends with the status that the message names
  Slow: method('Slow', false, false),        // answers with metadata only
  Late: method('Late', false, false),        // never answers; under a deadline
  List: method('List', false, true),         // as many messages as the message says
  FailList: method('FailList', false, true), // two messages, then the status
  Watch: method('Watch', false, true),       // one message, then nothing for ever
  Upload: method('Upload', true, false),     // answers with the count of messages
  Chat: method('Chat', true, true),          // an answer to each message
  Talk: method('Talk', true, true),          // the same, and never ends
};
exports.Client = grpc.makeGenericClientConstructor(exports.service, 'Orders');
exports.grpc = grpc;
