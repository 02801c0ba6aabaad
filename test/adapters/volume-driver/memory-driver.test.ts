import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createMemoryDriver,
  type MemoryVolume,
  newMemoryVolume,
} from '../../../src/adapters/volume-driver/memory-driver.ts';
import { active, volumeDriverContract } from '../../contract/volume-driver.contract.ts';

volumeDriverContract('memory driver', async () => {
  const driver = createMemoryDriver();
  const change = (id: number, change: (volume: MemoryVolume) => void) => {
    const volume = driver.volumes.get(String(id));
    if (volume !== undefined) change(volume);
  };
  return {
    driver,
    write: async ({ id }) =>
      change(id, (volume) => {
        volume.bytes += 8192;
        volume.inodes += 1;
      }),
    putForeign: (name) => void driver.volumes.set(name, newMemoryVolume()),
    breakApart: (id) =>
      change(id, (volume) => {
        volume.complete = false;
      }),
    lose: (id) =>
      change(id, (volume) => {
        volume.layer = false;
        volume.complete = false;
      }),
    end: async () => {},
  };
});

const injecting = suite('createMemoryDriver with `before`');

injecting('calls it with each operation and id, and waits', async () => {
  const calls: string[] = [];
  const driver = createMemoryDriver({
    before: async (operation, id) => {
      await new Promise((resolve) => setImmediate(resolve));
      calls.push(`${operation} ${id}`);
    },
  });
  await driver.create(active(7));
  await driver.scan();
  assert.equal(calls, ['create 7', 'scan 0']);
});

injecting('fails an operation with the error thrown, and changes nothing', async () => {
  const driver = createMemoryDriver({
    before: (operation) => {
      if (operation === 'create') throw new Error('no disk today');
    },
  });
  const failure = await driver.create(active(1)).catch((error: Error) => error.message);
  assert.is(failure, 'no disk today');
  assert.equal(await driver.scan(), []);
});

injecting.run();
