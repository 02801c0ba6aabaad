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

test.run();
