import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeInfoResponse, encodeMountsResponse, serviceName, snapshotsService } from '../../src/grpc/protocol.ts';
import { definitionOf } from './opened-edge.ts';

const protocol = suite('gRPC protocol');

/** A field of text on the wire, by number: the tag, the length, the bytes. */
const text = (id: number, value: string): string =>
  Buffer.concat([Buffer.from([(id << 3) | 2, Buffer.byteLength(value)]), Buffer.from(value)]).toString('hex');
const bytes = (id: number, hex: string): string => Buffer.from([(id << 3) | 2, hex.length / 2]).toString('hex') + hex;
const number = (id: number, hex: string): string => Buffer.from([id << 3]).toString('hex') + hex;

const label = text(1, 'a') + text(2, 'b');
const request = (method: string, message: object): string =>
  definitionOf(method).requestSerialize(message).toString('hex');
const response = (method: string, message: object): string =>
  definitionOf(method).responseSerialize(message).toString('hex');

protocol('has the ten calls under their paths', () => {
  const paths = Object.values(snapshotsService).map(({ path }) => path);
  const names = 'Prepare View Mounts Commit Remove Stat Update List Usage Cleanup'.split(' ');
  assert.equal(
    paths,
    names.map((name) => `/${serviceName}/${name}`),
  );
  const streams = Object.values(snapshotsService).filter((call) => call.requestStream || call.responseStream);
  assert.equal(
    streams.map(({ path, requestStream }) => [path, requestStream]),
    [[`/${serviceName}/List`, false]],
  );
});

protocol('numbers the fields of requests like containerd', () => {
  const asked = { snapshotter: 's', key: 'k' };
  const opened = text(1, 's') + text(2, 'k') + text(3, 'p') + bytes(4, label);
  for (const method of ['Prepare', 'View'])
    assert.is(request(method, { ...asked, parent: 'p', labels: { a: 'b' } }), opened);
  for (const method of ['Mounts', 'Remove', 'Stat', 'Usage'])
    assert.is(request(method, asked), text(1, 's') + text(2, 'k'));
  assert.is(
    request('Commit', { ...asked, name: 'n', parent: 'p', labels: { a: 'b' } }),
    text(1, 's') + text(2, 'n') + text(3, 'k') + bytes(4, label) + text(5, 'p'),
  );
  assert.is(request('List', { snapshotter: 's', filters: ['x', 'y'] }), text(1, 's') + text(2, 'x') + text(2, 'y'));
  assert.is(request('Cleanup', { snapshotter: 's' }), text(1, 's'));
  assert.is(
    request('Update', { snapshotter: 's', info: { name: 'n', labels: { a: 'b' } }, updateMask: { paths: ['p', 'q'] } }),
    text(1, 's') + bytes(2, text(1, 'n') + bytes(6, label)) + bytes(3, text(1, 'p') + text(1, 'q')),
  );
});

protocol('numbers the fields of answers like containerd', () => {
  const mount = { type: 't', source: 's', target: 'u', options: ['o', 'p'] };
  const mounted = bytes(1, text(1, 't') + text(2, 's') + text(3, 'u') + text(4, 'o') + text(4, 'p'));
  assert.is(encodeMountsResponse({ mounts: [mount] }).toString('hex'), mounted);
  for (const method of ['Prepare', 'View', 'Mounts']) assert.is(response(method, { mounts: [mount] }), mounted);
  const info = { name: 'n', parent: 'p', kind: 3, createdAt: { seconds: 1, nanos: 2 }, labels: { a: 'b' } };
  const shown = text(1, 'n') + text(2, 'p') + number(3, '03') + bytes(4, number(1, '01') + number(2, '02'));
  const infoResponse = { info: { ...info, updatedAt: { seconds: 3, nanos: 4 } } };
  const answer = bytes(1, shown + bytes(5, number(1, '03') + number(2, '04')) + bytes(6, label));
  assert.is(encodeInfoResponse(infoResponse).toString('hex'), answer);
  for (const method of ['Stat', 'Update']) assert.is(response(method, infoResponse), answer);
  assert.is(response('List', { info: [infoResponse.info, infoResponse.info] }), answer + answer);
  assert.is(response('Usage', { size: 1, inodes: 2 }), number(1, '01') + number(2, '02'));
  for (const method of ['Commit', 'Remove', 'Cleanup']) assert.is(response(method, {}), '');
});

protocol('carries labels of any name', () => {
  const labels = Object.fromEntries([
    ['constructor', 'c'],
    ['', 'e'],
    ['é', '😀'],
  ]);
  const { requestSerialize, requestDeserialize } = definitionOf('Prepare');
  const back = requestDeserialize(requestSerialize({ key: 'k', labels })) as { labels: object };
  assert.equal(Object.entries(back.labels), Object.entries(labels));
});

protocol('gives absent fields their defaults', () => {
  const empty = Buffer.alloc(0);
  assert.equal(definitionOf('Prepare').requestDeserialize(empty), { snapshotter: '', key: '', parent: '', labels: {} });
  assert.equal(definitionOf('Update').requestDeserialize(empty), { snapshotter: '', info: null, updateMask: null });
  assert.equal(definitionOf('List').requestDeserialize(empty), { snapshotter: '', filters: [] });
});

protocol.run();
