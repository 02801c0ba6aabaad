import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSandbox } from '../sandbox.ts';
import { createStreams, type StoredEvent } from './streams.ts';

const event = (id: string): StoredEvent => ({ id, type: 't', contentType: 'application/json', data: '', metadata: '' });
const [a, b, c] = ['a', 'b', 'c'].map(event) as [StoredEvent, StoredEvent, StoredEvent];

/** The behaviour of a real server, as measured. */
const test = suite('KurrentDB stand-in');

test('appends at the revision that is expected, and nowhere else', () => {
  const streams = createStreams();
  assert.equal(streams.append('s', [a], 3), { wrong: 'none' });
  assert.equal(streams.append('s', [a, b], 'none'), { revision: 1 });
  assert.equal(streams.append('s', [c], 'none'), { wrong: 1 });
  assert.equal(streams.append('s', [c], 0), { wrong: 1 });
  assert.equal(streams.append('s', [c], 1), { revision: 2 });
});

test('treats the same ids at the same revision as a repetition, also the first of them', () => {
  const streams = createStreams();
  streams.append('s', [a, b], 'none');
  assert.equal(streams.append('s', [a, b], 'none'), { revision: 1 });
  assert.equal(streams.append('s', [a], 'none'), { revision: 0 });
  assert.equal(streams.append('s', [a, b, c], 'none'), { wrong: 1 });
  assert.is(streams.read('s', 0, 'forwards', 9)?.length, 2);
});

test('treats a deleted stream as absent, and continues its revisions', () => {
  const streams = createStreams();
  streams.append('s', [a, b], 'none');
  streams.delete('s');
  assert.is(streams.read('s', 0, 'forwards', 9), undefined);
  assert.equal(streams.append('s', [c], 'none'), { revision: 2 });
  assert.equal(
    streams.read('s', 0, 'forwards', 9)?.map(({ revision }) => revision),
    [2],
  );
});

test('checks for a repetition before it treats a deleted stream as absent', () => {
  const streams = createStreams();
  streams.append('s', [a, b], 'none');
  streams.delete('s');
  assert.equal(streams.append('s', [a, b], 'none'), { revision: 1 });
  assert.equal(streams.append('s', [b], 0), { revision: 1 });
  assert.equal(streams.append('s', [a, b, c], 'none'), { wrong: 1 });
  assert.equal(streams.append('s', [c], 'exists'), { wrong: 1 });
  assert.is(streams.read('s', 0, 'forwards', 9), undefined, 'a repetition brings nothing back');
  assert.equal(streams.append('s', [c], 1), { revision: 2 });
  assert.is(streams.read('s', 0, 'forwards', 9)?.[0]?.revision, 2);
});

test('shows events as far as the metadata allow, and all of them when the metadata are removed', () => {
  const streams = createStreams();
  streams.append('s', [a, b, c], 'none');
  const shown = () => streams.read('s', 0, 'forwards', 9)?.map(({ revision }) => revision);
  streams.setMetadata('s', { $maxCount: 2 });
  assert.equal(shown(), [1, 2]);
  streams.setMetadata('s', { $tb: 2 });
  assert.equal(shown(), [2]);
  streams.setMetadata('s', { $maxAge: -1 });
  assert.equal(shown(), []);
  streams.delete('s');
  streams.setMetadata('s', {});
  assert.equal(shown(), [0, 1, 2]);
});

test('keeps complete appends after a kill, and drops a partial one', async () => {
  const sandbox = createSandbox('streams');
  const file = join(sandbox.path, 'file');
  const streams = createStreams(file);
  streams.append('s', [a, b], 'none');
  streams.close();
  appendFileSync(file, '{"append":"s","events":[{"id"');
  const again = createStreams(file);
  again.append('s', [c], 1);
  again.close();
  const last = createStreams(file);
  assert.equal(
    last.read('s', 'end', 'backwards', 2)?.map(({ event: { id } }) => id),
    ['c', 'b'],
  );
  last.close();
  await sandbox.close();
});

test('begins with a prepared log, whose frames are its own', () => {
  const first = createStreams();
  first.append('s', [a, b], 'none');
  first.append('t', [c], 'none');
  const frames = [0, 1, 2].map((number) => Buffer.from(first.log.frame(number)));
  const streams = createStreams(undefined, [Buffer.concat(frames.slice(0, 2)), frames[2] as Buffer]);
  assert.equal(
    streams.read('s', 0, 'forwards', 9)?.map(({ revision, event: { id } }) => [revision, id]),
    [
      [0, 'a'],
      [1, 'b'],
    ],
  );
  assert.equal(streams.append('t', [a], 0), { revision: 1 });
  assert.equal(streams.log.run(0, streams.log.length, (name) => name === 't', 9).events, 0);
  assert.equal(
    streams.log.run(2, streams.log.length, (name) => name === 't', 9).next,
    3,
    'a piece ends with its chunk',
  );
  assert.is(streams.log.numberAt(streams.log.position(3)), 3);
});

test('restores an older backup, and changes or loses events in their place', () => {
  const streams = createStreams();
  streams.append('s', [a, b], 'none');
  streams.append('t', [c], 'none');
  streams.tamper('s', 0, (event) => ({ ...event, type: 'longer than before' }));
  assert.equal(streams.log.run(0, 3, () => true, 9).next, 1, 'it lies elsewhere');
  assert.is(streams.read('s', 0, 'forwards', 9)?.[0]?.event.type, 'longer than before');
  streams.lose('s', 1, 'in-all');
  assert.not(streams.log.fits(1, () => true));
  assert.is(streams.read('s', 0, 'forwards', 9)?.length, 2);
  streams.restore(1);
  assert.is(streams.read('t', 0, 'forwards', 9), undefined);
  assert.equal(streams.append('s', [c], 0), { revision: 1 });
});

test.run();
