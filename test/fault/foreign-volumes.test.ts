import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { insideMount } from '../support/inside-mount.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { CallFailure } from '../support/snapshots-client.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';
import { createServing } from './serving.ts';

const rejection = (promise: Promise<unknown>): Promise<CallFailure> =>
  promise.then(
    () => assert.unreachable('the call succeeded') as never,
    (error) => {
      assert.instance(error, CallFailure);
      return error as CallFailure;
    },
  );

function on(driver: DriverUnderTest): void {
  const test = suiteNeeding(`foreign entry in place of a ${driver.name} volume`, ...driver.needs);
  const served = async (work: (place: Awaited<ReturnType<typeof serve>>) => Promise<void>) => {
    const sandbox = createSandbox('foreign');
    try {
      await work(await serve(sandbox, driver));
    } finally {
      await sandbox.close();
    }
  };

  test('is quarantined by Prepare and View, and never shown in a snapshot', () =>
    served(async ({ root, client, put }) => {
      await client.prepare('a');
      await client.commit('A', 'a');
      put(2);
      put(3);
      const [mount] = await client.prepare('b', { parent: 'A' });
      assert.ok(mount);
      assert.is(await insideMount(mount, 'ls', join(root, 'snapshots')), '');
      put(5);
      await client.view('v', { parent: 'A' });
      await client.remove('v');
      await client.remove('b');
      await client.cleanup();
      assert.equal(
        readdirSync(join(root, 'quarantine')).map((name) => [
          name.replace(/^\d+-/, ''),
          readFileSync(join(root, 'quarantine', name, 'fs', 'f'), 'utf8'),
        ]),
        [2, 3, 5].map((id) => [String(id), `of ${id}`]),
      );
      const { stdout } = await snapledgerRun('log', '--root', root, '--json', '--type', 'OrphanQuarantined');
      const ids = stdout.trimEnd().split('\n');
      assert.equal(
        ids.map((line) => JSON.parse(line).data.id),
        ['2', '3', '5'],
      );
      assert.is((await snapledgerRun('verify', '--root', root)).status, 0);
    }));

  test('is quarantined once by concurrent Prepares', () =>
    served(async ({ root, client, put }) => {
      put(1);
      put(2);
      await Promise.all(Array.from({ length: 20 }, (_, n) => client.prepare(`key-${n}`)));
      assert.is((await client.list()).length, 20);
      assert.is(readdirSync(join(root, 'quarantine')).length, 2);
      assert.is((await snapledgerRun('verify', '--root', root)).status, 0);
    }));

  test('is kept if it cannot be moved, and the Prepare is refused', () =>
    served(async ({ root, client, put }) => {
      put(1);
      // A file has the name of the quarantine directory.
      const quarantine = join(root, 'quarantine');
      rmdirSync(quarantine);
      writeFileSync(quarantine, '');
      assert.match((await rejection(client.prepare('a'))).message, 'quarantine: is not the directory');
      assert.is(readFileSync(join(root, 'snapshots/1/fs/f'), 'utf8'), 'of 1');
      assert.equal(await client.list(), []);
      unlinkSync(quarantine);
      await client.prepare('a');
      assert.is(readdirSync(quarantine).length, 1);
    }));

  if (driver.name === 'overlay')
    test('is refused in the directory that a view without parent shows', () =>
      served(async ({ root, client }) => {
        writeFileSync(join(root, 'empty', 'f'), '');
        assert.match((await rejection(client.view('v'))).message, 'is not empty');
        assert.ok(existsSync(join(root, 'empty', 'f')));
      }));

  test.run();
}

async function serve(sandbox: ReturnType<typeof createSandbox>, driver: DriverUnderTest) {
  const root = driver.newRoot(sandbox);
  const serving = createServing(sandbox, { driver: driver.name, root });
  await serving.start();
  /** Another store's layer, at the path of a snapshot that this one has not created. */
  const put = (id: number) => {
    mkdirSync(join(root, 'snapshots', String(id), 'fs'), { recursive: true });
    writeFileSync(join(root, 'snapshots', String(id), 'fs', 'f'), `of ${id}`);
  };
  return { root, client: serving.connect(), put };
}

for (const driver of driversUnderTest) on(driver);
