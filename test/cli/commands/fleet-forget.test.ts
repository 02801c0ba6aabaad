import { Command } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wallClock } from '../../../src/app/audit/moment.ts';
import { addFleetForget, forget } from '../../../src/cli/commands/fleet/forget.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { memoryRemoval, storeFacts } from '../../support/fleet/memory-removal.ts';
import { createPrinter } from '../memory-deps.ts';

const test = suite('fleet forget: command');
const database = 'postgres://index@db/fleet';

const closed = () => storeFacts('11111111-a', wallClock(), { node: 'web\u001b', open: false });

async function printed(options: Parameters<typeof forget>[1], store = closed()) {
  const removal = memoryRemoval(store);
  const asked: string[] = [];
  const openFleetRemoval = async (url: string) => {
    asked.push(url);
    return removal;
  };
  const { lines, print } = createPrinter();
  await forget('11111111-a', { database, ...options }, { openFleetRemoval }, print);
  assert.equal(asked, [database]);
  assert.ok(removal.isClosed());
  return { lines, left: removal.stores.length };
}

test('prints the store and how many rows of each kind were removed', async () => {
  const lastRecorded = 1_790_000_000_000_000_000n;
  const { lines, left } = await printed({}, { ...closed(), lastRecorded });
  assert.is(left, 0);
  assert.equal(lines, [
    'store 11111111-a of node web\\u001b, last seen 2026-09-21T14:13:20Z',
    'removed: 2 snapshots, 1 incident, 3 rows of usage, 0 images, 1 unknown event',
    'the cluster still has its events: the next one of this store, or a rebuild, brings it back from its beginning',
  ]);
});

test('a dry run says so, and removes nothing', async () => {
  const { lines, left } = await printed({ dryRun: true }, { ...closed(), node: '', lastRecorded: null });
  assert.is(left, 1);
  assert.equal(lines, [
    'store 11111111-a of node -, last seen -',
    'would be removed: 2 snapshots, 1 incident, 3 rows of usage, 0 images, 1 unknown event',
    'this is what would be done; nothing was changed',
  ]);
});

test('prints one JSON object with --json', async () => {
  const rows = { snapshots: 2, incidents: 1, usage: 3, images: 0, kept: 1 };
  for (const [lastRecorded, lastSeen] of [
    [7n, '7'],
    [null, null],
  ] as const) {
    const { lines } = await printed({ json: true, dryRun: true }, { ...closed(), node: 'web', lastRecorded });
    assert.is(lines.length, 1);
    assert.equal(JSON.parse(lines[0] ?? ''), { dryRun: true, node: 'web', store: '11111111-a', lastSeen, ...rows });
  }
});

test('closes the connection after a refusal, and --force does not refuse', async () => {
  const removal = memoryRemoval(storeFacts('11111111-a', wallClock()));
  const { lines, print } = createPrinter();
  const run = (options: Parameters<typeof forget>[1]) =>
    forget('1111', { database, ...options }, { openFleetRemoval: async () => removal }, print);
  assert.is((await caughtFault(run({}))).code, 'busy');
  assert.ok(removal.isClosed());
  assert.equal(lines, []);
  await run({ force: true });
  assert.is(removal.stores.length, 0);
});

test('takes one store, and the options of its siblings', () => {
  const fleet = new Command('fleet');
  addFleetForget(fleet, { openFleetRemoval: () => Promise.reject(new Error('not here')) });
  const [command] = fleet.commands;
  assert.is(command?.name(), 'forget');
  assert.equal(
    command?.registeredArguments.map((one) => [one.name(), one.required]),
    [['store', true]],
  );
  assert.equal(
    command?.options.map(({ long }) => long),
    ['--database', '--config', '--dry-run', '--force', '--json'],
  );
});

test.run();
