import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { writeIdentity } from '../../src/adapters/system/root/root-directory.ts';
import { committed, enveloped, prepared, smallStore } from '../cli/facts.ts';
import { snapledgerRun } from '../cli/process.ts';
import { databasePath, databases } from '../support/containerd-root.ts';
import { fillExampleFleet } from '../support/fleet/example-fleet.ts';
import { type FleetServer, startFleetServer } from '../support/fleet/fleet-server.ts';
import { requirePostgres } from '../support/postgres.ts';
import { requireCommand, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { operations, runLine } from './shell.ts';

const store = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/** Every command that OPERATIONS.md shows after a `$`, in order. */
const examples = [...operations.matchAll(/^\$ (snapledger .*)$/gm)].map(([, line = '']) => line);

const test = suiteNeeding('examples of OPERATIONS.md', requireRoot(), requireCommand('getfattr'), requirePostgres());
const sandbox = createSandbox('examples');
const root = sandbox.folder('root');

let fleet: FleetServer;

test.before(async () => {
  fleet = await startFleetServer();
  await fillExampleFleet(fleet);
  process.env.SNAPLEDGER_FLEET_DATABASE = fleet.url;
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  const small = smallStore.map((event) =>
    event.type === 'StoreCreated' ? { ...event, data: { ...event.data, driver: 'overlay' } } : event,
  );
  const now = BigInt(Date.now()) * 1_000_000n;
  const layer = { id: 9, key: 'default/9/sha256:ccc', kind: 'committed', parent: '', parentId: null } as const;
  const facts: readonly Event[] = [
    ...small,
    prepared(9, 'default/9/extract-c'),
    committed(9, 'default/9/extract-c', layer.key),
    { type: 'SnapshotRemoved', data: { ...layer, labels: {}, created: now, updated: now, retained: true } },
  ];
  // A layer that was removed years ago would not be retained.
  const stamped = enveloped(facts).map((one) => (one.position > small.length ? { ...one, time: now } : one));
  await log.append(stamped, { flush: 'now' });
  await log.close();
  await writeIdentity(root, { store, driver: 'overlay' });
  for (const id of [1, 2, 3, 9]) mkdirSync(join(root, `snapshots/${id}/fs/etc`), { recursive: true });
  mkdirSync(join(root, 'snapshots/3/work'));
  writeFileSync(join(root, 'snapshots/1/fs/etc/passwd'), 'root');
  sandbox.folder('io.containerd.metadata.v1.bolt');
  await databases.writeBuckets(databasePath(root), { sequence: 0n, entries: [] });
  sandbox.folder('var/lib');
  sandbox.folder('var/backups');
});
test.after(async () => {
  await fleet.end();
  await sandbox.close();
});

/** Runs a line on the small store, below the sandbox instead of /var. */
const runExample = (line: string) => runLine(line, root, { '/var/': `${sandbox.path}/var/` });

for (const line of examples)
  test(`${line}: runs`, async () => {
    const { status, stdout, stderr } = await runExample(line);
    // Whether something is wrong with the machine of the tests is not the example's matter.
    const accepted = line === 'snapledger doctor' ? [0, 1, 5] : [0];
    assert.ok(accepted.includes(status), `${status}: ${stdout}${stderr}`);
    if (!line.includes('>>')) assert.ok(stdout.length > 0);
  });

test('examples: there is one for every command', async () => {
  const commandsOf = async (...group: readonly string[]) =>
    [...(await snapledgerRun(...group, '--help')).stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name = '']) =>
      [...group, name].join(' '),
    );
  const commands = [...(await commandsOf()), ...(await commandsOf('fleet'))];
  // These run until they are stopped.
  const running = ['serve', 'console', 'fleet serve', 'fleet index'];
  const isShown = (name: string) => examples.some((line) => `${line} `.startsWith(`snapledger ${name} `));
  assert.equal(
    commands.filter((name) => !isShown(name) && !/\bhelp$/.test(name) && !running.includes(name)),
    [],
  );
});

test.run();
