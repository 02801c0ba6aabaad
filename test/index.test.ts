import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKurrentEventLog } from '../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { type Envelope, filesSource, kurrentSource, subscribe } from '../src/index.ts';
import { eventsAfter, openLog } from './adapters/event-log/file/file-log.ts';
import { startStandIn } from './support/kurrent/stand-in.ts';
import { createSandbox } from './support/sandbox.ts';
import { waitFor } from './support/wait-for.ts';

const test = suite('sources of events');
const sandbox = createSandbox('sources');
test.after(() => sandbox.close());
const now = { flush: 'now' } as const;

test('read the files of a store, also while a daemon writes', async () => {
  const root = sandbox.folder('root');
  const { log } = await openLog(`${root}/log`, { segmentBytes: 2000 });
  await log.append(eventsAfter(0, 40), now);
  const seen: Envelope[] = [];
  const following = subscribe({ source: filesSource(root, { pollEvery: 10 }) }).subscribe((event) => seen.push(event));
  await waitFor('what is there', () => seen.length === 40);
  await log.append(eventsAfter(40, 5), now);
  await waitFor('what came', () => seen.length === 45);
  following.unsubscribe();
  await log.close();
  assert.equal(seen, eventsAfter(0, 45));
});

test('read the stream of a store in KurrentDB', async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  const store = randomUUID();
  const { log } = await openKurrentEventLog({ url: standIn.url, store });
  await log.append(eventsAfter(0, 10), now);
  const seen: Envelope[] = [];
  const source = kurrentSource(standIn.url, store, { pollEvery: 20 });
  const following = subscribe({ source, from: 4 }).subscribe((event) => seen.push(event));
  await waitFor('what is there', () => seen.length === 7);
  await log.append(eventsAfter(10, 3), now);
  await waitFor('what came', () => seen.length === 10);
  following.unsubscribe();
  await log.close();
  assert.equal(seen, eventsAfter(0, 13).slice(3));
});

test.run();
