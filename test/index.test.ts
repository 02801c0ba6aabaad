import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKurrentEventLog } from '../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import {
  type Envelope,
  type FleetItem,
  filesSource,
  fleetCheckpoint,
  fleetSource,
  kurrentSource,
  subscribe,
  subscribeFleet,
} from '../src/index.ts';
import { eventsAfter, openLog } from './adapters/event-log/file/file-log.ts';
import { eventsOf } from './adapters/event-log/kurrentdb/cluster.ts';
import { startStandIn } from './support/kurrent/stand-in.ts';
import { createStoreWriter } from './support/kurrent/store-writer.ts';
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

test('read all stores of a cluster: a new one appears, a broken one stops itself only', async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  const writers = [1, 2, 3].map(() => createStoreWriter(standIn.streams, randomUUID()));
  const [one, other, added] = writers as [(typeof writers)[0], (typeof writers)[0], (typeof writers)[0]];
  const storeOf = ({ stream }: typeof one) => stream.slice('snapledger-'.length);
  const write = (writer: typeof one, count: number, after = 0) => writer.write(eventsOf(storeOf(writer), count, after));
  write(one, 5);
  write(other, 5);
  const progress = join(sandbox.path, 'progress');
  const seen: FleetItem[] = [];
  const follow = () =>
    subscribeFleet({
      source: fleetSource(standIn.url),
      checkpoint: fleetCheckpoint(progress),
      handle: (item) => void seen.push(item),
    }).subscribe({ error: (error) => seen.push(error) });
  const first = follow();
  await waitFor('what is there', () => seen.length === 12);
  write(added, 2);
  await waitFor('the new store', () => seen.length === 15);
  const foreign = { id: randomUUID(), type: 'Note', contentType: 'application/json', data: '', metadata: '' };
  standIn.streams.append(other.stream, [foreign], 4);
  await waitFor('the broken store', () => seen.length === 16);
  await waitFor('its progress', () => readFileSync(progress, 'utf8').includes('"stopped":true'));
  first.unsubscribe();
  write(one, 1, 5);
  const second = follow();
  await waitFor('what came meanwhile', () => seen.length === 17);
  second.unsubscribe();
  const kinds = (writer: typeof one) =>
    seen.flatMap((item) => (item.store === storeOf(writer) ? [item.kind] : [])).join(' ');
  assert.is(kinds(one), 'starts event event event event event event');
  assert.is(kinds(other), 'starts event event event event event stops');
  assert.is(kinds(added), 'starts event event');
});

test.run();
