import { chmodSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { createFront } from '../../../support/kurrent/front.ts';
import { createLoop } from '../../../support/loop.ts';
import { requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { requireFileSystem, requireRoot, suiteNeeding } from '../../../support/requirements.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('outages of the fleet database', requirePostgres());

test('lost connection: a cut in the middle leaves nothing of a change, and a new connection goes on', async () => {
  const plain = await startPostgres();
  const front = await createFront(plain.port);
  try {
    const through = plain.url.replace(`:${plain.port}`, `:${front.port}`);
    const database = await openDatabase(through);
    await database.apply(sampleChange(1, { stores: [sampleStore('a')] }));
    front.cut();
    const fault = await caughtFault(database.apply(sampleChange(2, { stores: [sampleStore('b')] })));
    assert.is(fault.code, 'io');
    assert.is((await caughtFault(database.snapshots([{ store: 'a', id: 1 }]))).code, 'io');
    await database.close();
    const again = await openDatabase(through);
    assert.is((await again.progress()).at?.commit, 1n);
    await again.apply(sampleChange(2, { stores: [sampleStore('b')] }));
    await again.close();
  } finally {
    await front.close();
    await plain.end();
  }
});

/** A session with this limit, or as much more as a busy machine needs to open one. */
async function patientSession(url: string, limit: number) {
  try {
    const session = await openSession(readPostgresUrl(url), { schema: 'x', application: 'test', limit });
    const [[backend] = []] = await session.rows('SELECT pg_backend_pid()');
    return { session, backend: Number(backend), limit };
  } catch (error) {
    if (limit > 60_000) throw error;
    return patientSession(url, limit * 3);
  }
}

test('silent server: a call ends after its limit, and a close does not wait for it', async () => {
  const plain = await startPostgres();
  const { session, backend, limit } = await patientSession(plain.url, 300);
  process.kill(backend, 'SIGSTOP');
  try {
    const fault = await caughtFault(session.run('SELECT 1'));
    assert.is(fault.code, 'io');
    assert.match(fault.message, `no answer within ${limit / 1000} s`);
    await session.close();
  } finally {
    process.kill(backend, 'SIGCONT');
    await plain.end();
  }
});

test('stop: a call of a silent server ends soon after it, and what it was writing is undone', async () => {
  const plain = await startPostgres();
  const stopping = new AbortController();
  const options = { schema: 'x', application: 'test', signal: stopping.signal, grace: 200 };
  plain.sql('CREATE TABLE written (a int)');
  const session = await openSession(readPostgresUrl(plain.url), options);
  const [[backend] = []] = await session.rows('SELECT pg_backend_pid()');
  try {
    const written = session.transaction(async () => {
      await session.run('INSERT INTO public.written VALUES (1)');
      process.kill(Number(backend), 'SIGSTOP');
      stopping.abort();
      await session.copy('COPY public.written FROM STDIN', [Buffer.from('2\n')]);
    });
    const fault = await caughtFault(written);
    assert.is(fault.code, 'io');
    assert.match(fault.message, 'no answer within 0.2 s of the stop');
    await session.close();
    process.kill(Number(backend), 'SIGCONT');
    plain.sql('BEGIN; LOCK TABLE written; INSERT INTO written VALUES (3); COMMIT');
    assert.is(plain.sql('SELECT * FROM written'), '3');
  } finally {
    await plain.end();
  }
});

test('server killed: what was applied is there after its restart', async () => {
  const plain = await startPostgres();
  try {
    const database = await openDatabase(plain.url);
    await database.apply(sampleChange(1, { snapshots: [sampleSnapshot('a', 1)] }));
    await plain.kill();
    assert.is((await caughtFault(database.apply(sampleChange(2)))).code, 'io');
    await database.close();
    await plain.start();
    const again = await openDatabase(plain.url);
    assert.is((await again.progress()).at?.commit, 1n);
    assert.is((await again.snapshots([{ store: 'a', id: 1 }])).length, 1);
    await again.close();
  } finally {
    await plain.end();
  }
});

// Each change ends one snapshot and writes those that follow; the server is killed a little later each time.
test('server killed in the middle of a change: all of it is there or nothing', async () => {
  const plain = await startPostgres();
  const snapshotsOf = (at: number) =>
    Array.from({ length: 2_000 }, (_, id) =>
      sampleSnapshot('a', id, { bytes: at, ...(id < at && { fold: null, removed: nanos('2026-11-28T20:00:00Z') }) }),
    );
  try {
    let at = 0;
    for (let kills = 0; kills < 6; kills++) {
      const database = await openDatabase(plain.url);
      const found = Number((await database.progress()).at?.commit ?? 0n);
      assert.ok(found === at || found === at - 1, `${found} after ${at}`);
      assert.is(
        plain.sql(
          "SELECT count(*), min(bytes), max(bytes), count(*) FILTER (WHERE removed < 'infinity') FROM snapledger.snapshot",
        ),
        found === 0 ? '0|||0' : `2000|1|${found}|${found}`,
      );
      at = found + 1;
      const applied = database.apply(sampleChange(at, { snapshots: snapshotsOf(at).slice(at > 1 ? at - 1 : 0) }));
      const ended = applied.then(
        () => 'applied',
        () => 'lost',
      );
      await sleep(kills * 25);
      await plain.kill();
      await ended;
      await database.close();
      await plain.start();
    }
  } finally {
    await plain.end();
  }
});

test.run();

const onLoop = suiteNeeding(
  'full disk of the fleet database',
  requirePostgres(),
  requireRoot(),
  requireFileSystem('ext4'),
);

onLoop('a change that does not fit leaves nothing, and is applied once there is space', async () => {
  const loop = createLoop('ext4', { megabytes: 160 });
  const data = join(loop.path, 'data');
  for (const folder of [loop.path, dirname(loop.path)]) chmodSync(folder, 0o755);
  const small = await startPostgres({ data, settings: ['min_wal_size = 32MB', 'max_wal_size = 32MB'] });
  try {
    const database = await openDatabase(small.url);
    await database.apply(sampleChange(1, { stores: [sampleStore('a')] }));
    const { bavail, bsize } = statfsSync(loop.path);
    const free = Number(bavail) * bsize;
    const ballast = join(loop.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(free - (2 << 20)));
    const snapshots = Array.from({ length: 20_000 }, (_, id) => sampleSnapshot('a', id));
    const fault = await caughtFault(database.apply(sampleChange(2, { snapshots })));
    assert.is(fault.code, 'no-space', fault.message);
    assert.match(fault.hint, 'free space');
    await database.close();
    writeFileSync(ballast, '');
    const again = await openDatabase(small.url);
    assert.is((await again.progress()).at?.commit, 1n);
    await again.apply(sampleChange(2, { snapshots }));
    assert.is(small.sql('SELECT count(*) FROM snapledger.snapshot'), '20000');
    await again.close();
  } finally {
    await small.end();
    loop.end();
  }
});

onLoop.run();
