import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { restore } from '../../../src/cli/commands/restore.ts';
import { refuse } from '../../../src/domain/commands.ts';
import { serveHttp } from '../../../src/http/serve-http.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { silent } from '../../../src/ports/logger.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { httpSources } from '../../support/http-sources.ts';
import { committed, enveloped, prepared, smallStore } from '../facts.ts';
import { cliSuite, createMemoryDeps, createPrinter, type MemoryDeps } from '../memory-deps.ts';

const digest = `sha256:${'b'.repeat(64)}`;
const removed = (id: number, key: string, parent: string, parentId: number | null): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key, kind: 'committed', parent, parentId, labels: {} },
    ...{ created: 1n, updated: 1n, retained: true },
  },
});

const layer = [prepared(7, 'default/6/extract'), committed(7, 'default/6/extract', 'default/7/sha256:aaa')];
const life = [
  ...smallStore,
  ...layer,
  removed(8, `default/8/${digest}`, 'x', 7),
  removed(7, 'default/7/sha256:aaa', '', null),
];
const test = cliSuite('restore', life);

async function printed(deps: MemoryDeps, name?: string, options: { json?: boolean; whole?: boolean } = {}) {
  const { lines, print } = createPrinter();
  await restore(name, { root: deps.root, ...options }, deps, print);
  return lines;
}

/** CLI dependencies with a stopped store and the given answers. */
const stopped = (deps: MemoryDeps, asked: string[]): MemoryDeps => ({
  ...deps,
  restoreStopped: async ({ root, driver }, name) => {
    asked.push(`${root === deps.root} ${driver} ${name}`);
    const layer = { id: 7, key: 'default/7/sha256:aaa', kind: 'committed', parent: '', parentId: null } as const;
    return name === '7'
      ? either.right([{ ...layer, labels: {}, created: 1n, updated: 1n }])
      : refuse('not-found', `snapshot ${name}: no layer of that name or id is retained`);
  },
});

test('lists retained layers, parents first', async ({ deps }) => {
  const [head, first, second, ...more] = await printed(deps);
  assert.is(head, 'ID  USAGE  REMOVED  POSITION  KEY');
  assert.match(first ?? '', / 8 +- +\S+ +16 {2}default\/8\/sha256:bbbbbbbbbbbb…$/);
  assert.match(second ?? '', / 7 +- +\S+ +17 {2}default\/7\/sha256:aaa$/);
  assert.equal(more, []);
  assert.match((await printed(deps, undefined, { whole: true }))[1] ?? '', digest);
  const [row] = (await printed(deps, undefined, { json: true })).map((line) => JSON.parse(line));
  assert.equal([row.id, row.key, row.since, row.flushed], ['8', `default/8/${digest}`, '16', false]);
});

test('says that nothing is retained', async ({ sandbox }) => {
  const deps = await createMemoryDeps(sandbox, enveloped(smallStore));
  assert.equal(await printed(deps), ['nothing is retained']);
});

test('restores on a stopped store, by an abbreviated name', async ({ deps }) => {
  const asked: string[] = [];
  const here = stopped(deps, asked);
  assert.equal(await printed(here, 'default/7/sha256:a…'), ['restored 7 default/7/sha256:aaa']);
  assert.equal(await printed(here, '7', { json: true }), ['{"id":"7","key":"default/7/sha256:aaa"}']);
  assert.equal(asked, ['true memory 7', 'true memory 7']);
});

test('refuses a name that is not retained, and suggests the nearest', async ({ deps }) => {
  const fault = await caughtFault(printed(stopped(deps, []), 'default/7/sha256:aab'));
  assert.is(fault.message, 'snapshot default/7/sha256:aab: no layer of that name or id is retained');
  const untouched = { ...deps, restoreStopped: () => assert.unreachable('the store was opened') as never };
  assert.is((await caughtFault(printed(untouched, 'nobody'))).code, 'io');
  assert.match(fault.hint, 'did you mean default/7/sha256:aaa? `snapledger restore` lists');
});

test('asks the daemon that the lock file names', async ({ deps, sandbox }) => {
  const address = join(sandbox.path, 'x.http.sock');
  const fail = async (): Promise<never> => {
    throw new Fault('stopped', 'the log has stopped', { hint: 'restart' });
  };
  const server = await serveHttp({
    address,
    logger: silent,
    sources: httpSources({
      restore: async (name: string) => {
        if (name === '8') return fail();
        return stopped(deps, []).restoreStopped({ root: '', driver: 'memory' } as never, name, silent);
      },
    }),
  });
  sandbox.atEnd(() => server.close());
  writeFileSync(join(deps.root, 'lock'), JSON.stringify({ pid: 1, address: '/x', http: address, since: '' }));
  assert.equal(await printed(deps, '7'), ['restored 7 default/7/sha256:aaa']);
  assert.match((await caughtFault(printed(deps, 'nobody'))).message, 'no layer of that name');
  assert.match((await caughtFault(printed(deps, '8'))).message, 'the log has stopped');
});

test.run();
