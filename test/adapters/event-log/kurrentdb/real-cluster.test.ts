import { execFile } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKurrentEventLog } from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { eventLogContract } from '../../../contract/event-log.contract.ts';
import { fleetSourceContract } from '../../../contract/fleet-source.contract.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { eventsOf, now, readAll } from './cluster.ts';
import { fleetSubjectOn } from './fleet/subject.ts';
import { subjectOn } from './subject.ts';
import { troublesContract } from './troubles.contract.ts';

/** OPERATIONS.md describes how to start one. */
const { KURRENTDB_URL: url, KURRENTDB_KILL_LEADER: killLeader } = process.env;

const reachable = suiteNeeding(
  'a real cluster of KurrentDB',
  url === undefined ? 'KURRENTDB_URL names none' : undefined,
);
reachable('is reachable', async () => {
  const { log, dispose } = await subjectOn(url ?? '');
  assert.is(log.end.position, 0);
  await dispose();
});
reachable.run();

if (url !== undefined)
  eventLogContract(
    'a real cluster of KurrentDB',
    async () => ({ ...(await subjectOn(url)), failNext: () => assert.unreachable('it fails when it wants to') }),
    { flushes: true, failures: false, full: false },
  );

if (url !== undefined) {
  const fleet = suite('the fleet source against a real cluster');
  fleetSourceContract(fleet, async () => fleetSubjectOn(url));
  fleet.run();
}

/** The proxy that these tests cut supports neither a list of nodes nor TLS. */
const plainNode = url === undefined || (/^[a-z]+:\/\/[^,@]+\?/i.test(url) && /tls=false/i.test(url));
if (url !== undefined && plainNode) troublesContract('a log on a real node', async () => url);
else {
  const skipped = suiteNeeding(
    'a log on a real node in trouble',
    url === undefined ? 'KURRENTDB_URL names none' : 'KURRENTDB_URL names more than one node without TLS',
  );
  skipped('is tested', () => {});
  skipped.run();
}

const dying = suiteNeeding(
  'a real cluster whose leader is killed',
  url === undefined ? 'KURRENTDB_URL names none' : undefined,
  killLeader === undefined ? 'KURRENTDB_KILL_LEADER holds no command' : undefined,
);

dying('keeps every acknowledged event once', async () => {
  const store = crypto.randomUUID();
  const { log } = await openKurrentEventLog({ url: url ?? '', store });
  const all = eventsOf(store, 3_000);
  let longest = 0;
  for (let from = 0; from < all.length; from += 10) {
    if (from === 1_000) execFile('sh', ['-c', killLeader ?? 'false']);
    const began = performance.now();
    await log.append(all.slice(from, from + 10), now);
    longest = Math.max(longest, performance.now() - began);
  }
  console.log(`the longest append took ${Math.round(longest)} ms`);
  assert.equal(await readAll(log), all);
  await log.close();
});

dying.run();
