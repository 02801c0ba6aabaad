import { renameSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { driversUnderTest } from '../fault/drivers.ts';
import { createServing } from '../fault/serving.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { snapledgerRun } from './process.ts';

const options = { overlay: '[overlay]\nmount_options = ["volatile"]', btrfs: '' };

for (const driver of driversUnderTest) {
  const test = suiteNeeding(`command mounts on ${driver.name}`, ...driver.needs);

  test('mounts: are those that the daemon answers, beside it, on its socket and after it has stopped', async () => {
    const sandbox = createSandbox('mounts');
    try {
      const root = driver.newRoot(sandbox);
      const serving = createServing(sandbox, { driver: driver.name, root, settings: options[driver.name] });
      const daemon = await serving.start();
      const client = serving.connect();
      await client.prepare('unpack', { labels: { 'containerd.io/snapshot.ref': 'sha256:a' } });
      await client.prepare('bare');
      await client.prepare('extract');
      await client.commit('base', 'extract');
      await client.prepare('extract', { parent: 'base' });
      await client.commit('upper', 'extract');
      await client.prepare('web', { parent: 'upper' });
      await client.view('one', { parent: 'base' });
      await client.view('two', { parent: 'upper' });
      const answered = new Map<string, unknown>();
      for (const key of ['unpack', 'bare', 'web', 'one', 'two']) answered.set(key, await client.mounts(key));
      const said = async (key: string) => {
        const { status, stdout, stderr } = await snapledgerRun(
          'mounts',
          key,
          '--json',
          ...['--config', `${sandbox.path}/settings.toml`],
        );
        assert.is(status, 0, stderr);
        return JSON.parse(stdout);
      };
      const expectSame = async () => {
        for (const [key, mounts] of answered) {
          const row = await said(key);
          assert.equal([row.key, row.call, row.mounts, row.unknown], [key, 'Mounts', mounts, []]);
        }
      };
      await expectSame();
      const layer = await said('upper');
      assert.is(layer.call, 'View');
      if (driver.name === 'overlay') assert.equal([layer.mounts, layer.unknown], [answered.get('two'), []]);
      else assert.equal([layer.mounts, layer.unknown.length], [[], 1]);
      client.close();
      await daemon.stop();
      await expectSame();
      const table = await snapledgerRun('mounts', 'bare', '--config', `${sandbox.path}/settings.toml`);
      assert.match(table.stdout, /^mount -t \w+ \/\S+ TARGET -o \S+\n$/);
      // A copy elsewhere is not where containerd mounts from, and its subvolumes have other ids.
      renameSync(root, `${root}-moved`);
      const moved = await snapledgerRun('mounts', 'web', '--json', '--root', `${root}-moved`);
      const row = JSON.parse(moved.stdout);
      assert.match(row.unknown[0], `The store was last opened as ${root} on `);
      assert.is(row.mounts.length, driver.name === 'overlay' ? 1 : 0);
      if (driver.name === 'overlay') assert.match(row.mounts[0].options.join(), `upperdir=${root}/snapshots/`);
    } finally {
      await sandbox.close();
    }
  });

  test.run();
}
