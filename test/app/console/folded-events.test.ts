import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFoldedEvents } from '../../../src/app/console/events/folded-events.ts';
import { Fault } from '../../../src/ports/fault.ts';
import type { ReadableLog } from '../../../src/ports/readable-log.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('folded events');

const everything = { buckets: 10, types: [] };
const events = enveloped([1, 2, 3].map((id) => prepared(id, `ns/${id}/key`)));

const damage = () => new Fault('corrupt', 'log segment 1: damaged', { hint: 'run snapledger repair' });

/** A log that claims so many events, and has three before what happens at their end. */
function logOf(position: number, atEnd: () => void | Promise<void>): ReadableLog {
  const read = async function* (after: number) {
    yield events.slice(after);
    await atEnd();
  };
  return { end: { position, chainHash: '' }, read, close: async () => {} } as Partial<ReadableLog> as ReadableLog;
}

test('a log that can not be read to its end: answers what was read so far, then the failure until it can be', async () => {
  let damaged = true;
  let readOn = () => {};
  const firstAnswered = new Promise<void>((resolve) => {
    readOn = resolve;
  });
  const fail = async () => {
    await firstAnswered;
    if (damaged) throw damage();
  };
  const folded = createFoldedEvents({ openLog: async () => logOf(damaged ? 1_000_000 : 3, fail) });
  assert.is((await folded.density(everything)).folded, 3);
  readOn();
  const failureOf = (asking: Promise<unknown>) => asking.then(() => '', String);
  const ask = async () => (await failureOf(folded.density(everything))).includes('damaged');
  await waitFor('the failure', ask);
  assert.match(await failureOf(folded.incidents(undefined, undefined)), 'damaged');
  damaged = false;
  await waitFor('the end of the failure', async () => !(await ask()));
  assert.is((await folded.density(everything)).folded, 3);
});

test('a log that is another one: a failure of the one before is forgotten', async () => {
  let first = true;
  const fail = () => {
    if (first) throw damage();
  };
  const folded = createFoldedEvents({ openLog: async () => logOf(first ? 1_000_000 : 3, fail) });
  await folded.complete().catch(() => {});
  first = false;
  folded.clear();
  assert.is((await folded.density(everything)).folded, 3);
});

test.run();
