import { either } from 'fp-ts';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { Ambiguous } from '../../../src/app/audit/find-snapshot.ts';
import { stateAt } from '../../../src/app/audit/state-at.ts';
import { log } from '../../../src/cli/commands/log.ts';
import { restore } from '../../../src/cli/commands/restore.ts';
import { errorLines, exitStatus } from '../../../src/cli/failure.ts';
import type { TableName } from '../../../src/cli/tables/tables.ts';
import { restorable } from '../../../src/domain/restore.ts';
import { answerTo } from '../../../src/http/routes.ts';
import { memoryFiles } from '../../app/audit/memory-files.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { httpSources } from '../../support/http-sources.ts';
import { committed, enveloped, prepared, smallStore } from '../facts.ts';
import { cliSuite, createPrinter, type MemoryDeps, printedQuery } from '../memory-deps.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const removed = (id: number, key: string): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key, kind: 'committed', parent: '', parentId: null, labels: {} },
    ...{ created: 1n, updated: 1n, retained: true },
  },
});

/** The small store with a container and a layer in two namespaces, and two retained layers. */
const facts = [
  ...smallStore,
  prepared(5, 'k8s.io/223/c1'),
  prepared(6, 'k8s.io/7/web'),
  ...[
    [7, 'default/8', 'c'],
    [8, 'k8s.io/8', 'c'],
    [9, 'default/9', 'd'],
    [10, 'default/10', 'd'],
    [11, 'default/11', 'e'],
  ].flatMap(([id, place, digit]) => [
    prepared(Number(id), `${place}/extract-${id}`),
    committed(Number(id), `${place}/extract-${id}`, `${place}/${digest(String(digit))}`),
  ]),
  removed(9, `default/9/${digest('d')}`),
  removed(10, `default/10/${digest('d')}`),
  removed(11, `default/11/${digest('e')}`),
];

const test = cliSuite('snapshot name on the command line and over HTTP', facts);

const commands = (deps: MemoryDeps, key: string, json = false) => {
  const printed = async (name: TableName) => (await printedQuery(deps, name, { key }, { json })).join('\n');
  return {
    stat: () => printed('stat'),
    history: () => printed('history'),
    why: () => printed('why'),
    log: async () => {
      const { lines, print } = createPrinter();
      await log({ key }, { root: deps.root, json }, deps, print);
      return lines.join('\n');
    },
  };
};

const routes = ['stat', 'history', 'log', 'why'] as const;

async function asked(path: string) {
  const { status, type, body } = await answerTo(
    { method: 'GET', url: path, headers: {} },
    httpSources({ files: await memoryFiles(enveloped(facts)) }),
  );
  return { status, type, body: String(body) };
}

test('of a container is its own key, or the start of a digest', async ({ deps }) => {
  for (const [name, key] of [
    ['c1', 'k8s.io/223/c1'],
    ['k8s.io/web', 'k8s.io/7/web'],
    ['5', 'k8s.io/223/c1'],
  ] as const) {
    for (const run of Object.values(commands(deps, name))) assert.match(await run(), key, name);
    for (const route of routes) {
      const { status, body } = await asked(`/${route}?key=${name}`);
      assert.is(status, 200, body);
      assert.match(body, key);
    }
  }
});

test('that is ambiguous is refused with a list, also in JSON', async ({ deps }) => {
  for (const name of ['web', 'sha256:cccc', digest('c')])
    for (const run of Object.values(commands(deps, name))) {
      const error = await caughtFault(run());
      assert.instance(error, Ambiguous);
      assert.is(error.message, `snapshot ${name}: names 2 snapshots`);
      assert.match(error.hint, /use an id or a complete key: \d+ (default|k8s\.io)\/.*, \d+ (default|k8s\.io)\//);
      assert.is(exitStatus(error), 1);
      assert.is(errorLines(error, false).length, 2);
      const [line = ''] = errorLines(error, true);
      const { snapshots } = JSON.parse(line);
      assert.equal(Object.keys(snapshots[0]), ['id', 'key']);
    }
  for (const route of [...routes, 'events']) {
    const { status, type, body } = await asked(`/${route}?key=web`);
    assert.equal([status, type], [409, 'application/json']);
    assert.equal(
      JSON.parse(body).snapshots.map(({ key }: { key: string }) => key),
      ['default/5/web', 'k8s.io/7/web'],
    );
  }
});

test('of a removed snapshot is found in the log', async ({ deps }) => {
  for (const run of [commands(deps, 'job').history, commands(deps, 'job').log, commands(deps, 'job').why])
    assert.match(await run(), 'default/6/job');
  const { status } = await asked('/log?key=nobody');
  assert.is(status, 404);
  assert.match((await caughtFault(commands(deps, 'nobody').log())).message, 'nobody: no snapshot ever had this key');
});

test('of a retained layer may be its digest; of two they are listed', async ({ deps }) => {
  const asking: string[] = [];
  const stopped: MemoryDeps = {
    ...deps,
    restoreStopped: async (_config, name) => {
      asking.push(name);
      return either.right([]);
    },
  };
  const state = await stateAt(await memoryFiles(enveloped(facts)), await deps.storeFiles('').openLog(), facts.length);
  const refusal = restorable(state, digest('d'));
  assert.match(
    either.isLeft(refusal) ? refusal.left.text : '',
    /names 2 retained layers: 9 default\/9\/.*, 10 default\/10/,
  );
  assert.instance(await caughtFault(restore('sha256:dddd', { root: deps.root }, stopped, () => {})), Ambiguous);
  await restore('eeee', { root: deps.root }, stopped, () => {});
  assert.equal(asking, ['11']);
});

test.run();
