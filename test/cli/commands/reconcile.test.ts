import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { newMemoryVolume } from '../../../src/adapters/volume-driver/memory-driver.ts';
import type { Action } from '../../../src/app/reconcile/action.ts';
import { planLines, reconcile } from '../../../src/cli/commands/reconcile.ts';
import { serveHttp } from '../../../src/http/serve-http.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { silent } from '../../../src/ports/logger.ts';
import { httpSources } from '../../support/http-sources.ts';
import { type CliContext, cliSuite, createPrinter, type MemoryDeps } from '../memory-deps.ts';

const test = cliSuite('reconcile');
test.before.each(({ deps }) => {
  for (const id of ['1', '2', '3', '9']) deps.driver.volumes.set(id, newMemoryVolume());
});

const purge: Action = { type: 'purge', id: 4, why: 'removed at position 11' };

/** A daemon's HTTP socket that answers reconcile, named by the lock file; returns the requests. */
async function daemonAt({ sandbox, deps }: CliContext, answer: () => readonly Action[]): Promise<boolean[]> {
  const asked: boolean[] = [];
  const address = join(sandbox.path, 'x.http.sock');
  const server = await serveHttp({
    address,
    logger: silent,
    sources: httpSources({
      reconcile: async ({ dryRun }) => {
        asked.push(dryRun);
        return answer();
      },
    }),
  });
  sandbox.atEnd(() => server.close());
  writeFileSync(join(deps.root, 'lock'), JSON.stringify({ pid: 1, address: '/x', http: address, since: '' }));
  return asked;
}

async function printed(deps: MemoryDeps, options: { dryRun?: boolean; json?: boolean }) {
  const { lines, print } = createPrinter();
  await reconcile({ root: deps.root, ...options }, deps, print);
  return lines;
}

test('asks the daemon that the lock file names', async (context) => {
  const asked = await daemonAt(context, () => [purge]);
  assert.equal(await printed(context.deps, { json: true }), [JSON.stringify(purge)]);
  assert.equal(await printed(context.deps, { dryRun: true }), [
    'ACTION  ID  ABOUT  WHY',
    'purge    4         removed at position 11',
    '1 action to do; nothing was changed',
  ]);
  assert.equal(asked, [false, true]);
});

test('reports what the daemon failed to do', async (context) => {
  await daemonAt(context, () => {
    throw new Fault('stopped', 'the log has stopped', { hint: 'restart' });
  });
  const error = await printed(context.deps, {}).then(
    () => undefined,
    (fault: unknown) => fault,
  );
  assert.ok(error instanceof Fault);
  assert.match(error.message, 'the log has stopped');
});

test('plans on a stopped store without the lock', async ({ deps }) => {
  assert.equal(await printed(deps, { dryRun: true }), [
    'ACTION   ID  ABOUT        WHY',
    "discard   9  snapshots/9  above the log's last id 4, never acknowledged and empty",
    '1 action to do; nothing was changed',
  ]);
  assert.ok(deps.driver.volumes.has('9'));
});

test('works on a stopped store itself, whatever its lock file says', async ({ deps, sandbox }) => {
  const text = JSON.stringify({ pid: 1, address: '/x', http: join(sandbox.path, 'gone.sock') });
  for (const lock of [text, '', 'not json', '{"pid":"x"}']) {
    writeFileSync(join(deps.root, 'lock'), lock);
    const asked: string[] = [];
    const here: typeof deps = {
      ...deps,
      reconcileStopped: async ({ root, driver }) => {
        asked.push(root, driver);
        return [purge];
      },
    };
    assert.is((await printed(here, {})).at(-1), '1 action done');
    assert.equal(asked, [deps.root, 'memory']);
  }
});

test('says that there is nothing to do', () => {
  assert.equal(planLines([], true), ['nothing to do: the disk matches the log']);
});

test.run();
