import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import {
  createKurrentFleetSource,
  type KurrentFleetSourceOptions,
} from '../../../../../src/adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import type { FleetBatch } from '../../../../../src/ports/fleet-source.ts';
import { eventsIn, readFleet } from '../../../../contract/fleet-source.contract.ts';
import { caughtFault } from '../../../../support/caught-fault.ts';
import { freePort } from '../../../../support/free-port.ts';
import { createCertificate } from '../../../../support/kurrent/certificate.ts';
import { loopbackUrl } from '../../../../support/kurrent/loopback-url.ts';
import { type StandInOptions, startStandIn } from '../../../../support/kurrent/stand-in.ts';
import { createStoreWriter } from '../../../../support/kurrent/store-writer.ts';
import { requireCommand, suiteNeeding } from '../../../../support/requirements.ts';
import { createSandbox } from '../../../../support/sandbox.ts';
import { eventsOf } from '../cluster.ts';

const sandbox = createSandbox('fleet-connection');
const test = suiteNeeding('a fleet source and its connection', requireCommand('openssl'));
test.after(() => sandbox.close());

/** A loaded machine takes long for a first connection: only what waits for a silent server has a short limit. */
const brief = { answer: 20_000, outcome: 0, check: 100 };
const impatient = { ...brief, answer: 2_000 };
const caughtUp = (_: unknown, batch: FleetBatch) => batch.caughtUp;

async function start(options: StandInOptions = {}) {
  const standIn = await startStandIn(options);
  sandbox.atEnd(standIn.close);
  const store = randomUUID();
  const writer = createStoreWriter(standIn.streams, store);
  const source = (more: Partial<KurrentFleetSourceOptions> = {}) =>
    createKurrentFleetSource({ url: standIn.url, retry: brief, ...more });
  return { standIn, store, writer, source };
}

test('rights: a user who may not read all streams is refused, with the way out', async () => {
  const { standIn, source } = await start();
  standIn.faults.allDenied = true;
  const { code, message, hint } = await caughtFault(readFleet(source(), { done: caughtUp }));
  assert.is(code, 'unsupported');
  assert.match(message, 'this user may not read all streams');
  assert.match(hint, /\$all.*\$admins/);
});

test('an older backup: a cluster that ends before the position is corrupt, and the index has to be built again', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 10));
  const first = await readFleet(source(), { done: caughtUp });
  standIn.restore(4);
  const at = first.batches.at(-1)?.at;
  assert.ok(at);
  const { code, message, hint } = await caughtFault(
    readFleet(source(), { done: caughtUp, from: { at, heads: first.heads } }),
  );
  assert.is(code, 'corrupt');
  assert.match(message, 'the cluster ends at commit position');
  assert.match(hint, /older backup.*rebuild/);
});

test('a position after which only other streams were written: is not taken for an older backup', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 1));
  const other = { id: '', type: 'other', contentType: 'application/json', data: '', metadata: '' };
  const write = (count: number) =>
    standIn.streams.append(
      'other',
      Array.from({ length: count }, () => ({ ...other, id: randomUUID() })),
      'any',
    );
  let written = false;
  const { batches, heads } = await readFleet(source(), {
    done: (_, { caughtUp, at }) => caughtUp && at.commit > 100_000n,
    onBatch: async (_, { caughtUp }) => {
      if (!caughtUp || written) return;
      written = true;
      write(3_200);
    },
  });
  const at = batches.at(-1)?.at;
  assert.ok(at);
  assert.ok(Number(at.commit) < standIn.streams.log.position(standIn.streams.log.length));
  await readFleet(source(), { done: caughtUp, from: { at, heads } });
});

test('silence: is noticed while pages are read, and while nothing is written', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 1));
  const live = readFleet(source({ retry: impatient }), {
    done: () => false,
    onBatch: async (_, batch) => {
      standIn.faults.silent = batch.caughtUp;
    },
  });
  assert.is((await caughtFault(live)).code, 'io');
  assert.is((await caughtFault(readFleet(source({ retry: impatient }), { done: caughtUp }))).code, 'io');
});

test('a cut connection: is an interruption, also while live', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 1));
  const live = readFleet(source(), {
    done: () => false,
    onBatch: async (_, batch) => void (batch.caughtUp && standIn.cut()),
  });
  assert.is((await caughtFault(live)).code, 'io');
  const nobody = source({ url: loopbackUrl(await freePort()) });
  const { code, message } = await caughtFault(readFleet(nobody, { done: caughtUp }));
  assert.is(code, 'io');
  assert.match(message, 'ECONNREFUSED');
});

test('a node that is not the leader: is an interruption', async () => {
  const { standIn, source } = await start();
  standIn.faults.follower = true;
  const { code, message } = await caughtFault(readFleet(source(), { done: caughtUp }));
  assert.is(code, 'io');
  assert.match(message, 'not the leader');
});

test('long ranges without events of stores: a subscription takes over from pages that take long', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 5));
  standIn.faults.slowPages = true;
  const { items } = await readFleet(source({ retry: { ...brief, answer: 3_000 } }), { done: caughtUp });
  assert.equal(eventsIn(items), eventsOf(store, 5));
});

test('a connection that is cut between pages: is opened again, and everything arrives once', async () => {
  const { standIn, store, writer, source } = await start();
  const count = 40_000;
  writer.write(eventsOf(store, count));
  let cuts = 0;
  const { items } = await readFleet(source(), {
    done: (all) => all.length > count,
    onBatch: async () => {
      cuts += 1;
      standIn.cut();
    },
  });
  assert.ok(cuts > 1);
  const positions = eventsIn(items).map(({ position }) => position);
  assert.equal(
    positions,
    Array.from({ length: count }, (_, index) => index + 1),
  );
});

test('servers of 21.10: the end is known by a pause; older ones are refused', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 5));
  standIn.faults.version = '21.10.0';
  const { items } = await readFleet(source(), { done: caughtUp });
  assert.equal(eventsIn(items), eventsOf(store, 5));
  standIn.faults.version = '20.10.0';
  assert.is((await caughtFault(readFleet(source(), { done: caughtUp }))).code, 'unsupported');
});

test('a slow reader: the cluster waits, and everything arrives', async () => {
  const { standIn, store, writer, source } = await start();
  writer.write(eventsOf(store, 1));
  const count = 24_000;
  let delivered = 0;
  const { items } = await readFleet(source(), {
    done: (all) => all.length === count + 2,
    onBatch: async (_, batch) => {
      if (!batch.caughtUp || delivered > 0) return;
      // A kilobyte each, so that buffers of the kernel hold few of them.
      writer.write(eventsOf(store, count, 1, 'x'.repeat(1_000)));
      // Whatever fits into buffers arrives; then nothing does.
      for (let before = -1; before !== standIn.faults.delivered; ) {
        before = standIn.faults.delivered;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      delivered = standIn.faults.delivered;
    },
  });
  assert.ok(delivered < count, `${delivered} were sent to a reader that did not ask`);
  const positions = eventsIn(items).map(({ position }) => position);
  assert.equal(
    positions,
    positions.map((_, index) => index + 1),
  );
});

test('credentials and TLS: reads with the right ones; reports wrong ones, and shows neither', async () => {
  const { file, certificate, key } = createCertificate(sandbox.path);
  const { standIn, store, writer, source } = await start({
    tls: { certificate, key, credentials: 'admin:changeit' },
  });
  writer.write(eventsOf(store, 2));
  const url = (user: string, query: string) => `kurrentdb://${user}@localhost:${standIn.port}?${query}`;
  const right = source({ url: url('admin:changeit', `tls=true&tlsCAFile=${file}`) });
  assert.is(right.where, `kurrentdb://localhost:${standIn.port}`);
  assert.equal(eventsIn((await readFleet(right, { done: caughtUp })).items), eventsOf(store, 2));
  for (const [user, query, expected] of [
    ['admin:secret', `tls=true&tlsCAFile=${file}`, 'refuses the user name or the password'],
    ['admin:changeit', 'tls=true', 'TLS settings do not match'],
  ] as const) {
    const { code, message, hint } = await caughtFault(readFleet(source({ url: url(user, query) }), { done: caughtUp }));
    assert.is(code, 'unsupported', message);
    assert.match(message, expected);
    assert.not.match(`${message} ${hint}`, /secret|changeit/);
  }
  assert.throws(
    () => source({ url: 'kurrentdb://admin:secret@x?tls=false' }),
    (error: { message: string }) => {
      assert.not.match(error.message, 'secret');
      return true;
    },
  );
});

test.run();
