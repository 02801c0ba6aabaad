import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RetentionPolicy } from '../../../src/app/retention/policy.ts';
import { commit, prepare, remove } from '../../support/commands.ts';
import {
  closeMemoryStores,
  type MemoryStore,
  type MemoryStoreOptions,
  openMemoryStore,
  type Remains,
} from '../../support/memory-store.ts';
import { speedUpTimers } from '../../support/speed-up-timers.ts';
import { waitFor } from '../../support/wait-for.ts';

speedUpTimers();
const test = suite('retention under clock steps');
const actor = { actor: 'containerd', namespace: 'default' };
const hour = 3_600_000;
const year = 31_536_000_000_000_000n;
const now = 1_790_000_000_000_000_000n;
const policy: RetentionPolicy = { keep: 24 * hour, maxSnapshots: 100, maxBytes: 1e12, minFree: { bytes: 0 } };

/** A machine with an adjustable wall clock and a monotonic uptime. */
class Machine {
  wall = now;
  uptime = 60_000;
  boot = 'boot-1';
  /** the number of retention checks */
  checks = 0;

  pass(milliseconds: number): void {
    this.uptime += milliseconds;
    this.wall += BigInt(milliseconds) * 1_000_000n;
  }

  reboot(): void {
    this.boot = `${this.boot}+`;
    this.uptime = 20_000;
  }

  open(remains?: Remains): Promise<MemoryStore> {
    const options: MemoryStoreOptions = {
      clock: () => this.wall,
      uptime: () => this.uptime,
      boot: this.boot,
      measureRoom: async () => {
        this.checks += 1;
        return { bytes: 1, totalBytes: 1, inodes: 1, totalInodes: 1 };
      },
      service: { retention: policy },
    };
    return openMemoryStore(options, remains);
  }
}

async function removeLayer({ snapshots }: MemoryStore, name: string): Promise<void> {
  const key = `${name}-active`;
  const answers = [
    await snapshots.prepare(prepare(key), actor),
    await snapshots.commit(commit(key, name), actor),
    await snapshots.remove(remove(name), actor),
  ];
  for (const answer of answers) if (either.isLeft(answer)) throw new Error(answer.left.text);
}
const removeThree = async (store: MemoryStore) => {
  for (const name of ['a', 'b', 'c']) await removeLayer(store, name);
};
const retained = ({ journal }: MemoryStore) =>
  [...journal.durable.volumes.retained].map(([, { snapshot }]) => snapshot.key).sort();

/** Each check of the disk follows one of ages: of two, the second has started after the call. */
async function afterChecks(machine: Machine): Promise<void> {
  const before = machine.checks;
  await waitFor('two checks', () => machine.checks >= before + 2);
}

test('a clock that jumps from 1970 to now evicts nothing', async () => {
  const machine = new Machine();
  machine.wall = 1_000_000_000n;
  const store = await machine.open();
  await removeThree(store);
  machine.wall = now;
  await afterChecks(machine);
  assert.equal(retained(store), ['a', 'b', 'c']);
  machine.pass(25 * hour);
  await waitFor('the end of retention', () => retained(store).length === 0);
});

test('a removal stamped a year ahead does not delay later evictions', async () => {
  const machine = new Machine();
  const store = await machine.open();
  machine.wall = now + year;
  await removeLayer(store, 'ahead');
  machine.wall = now;
  await removeThree(store);
  machine.pass(25 * hour);
  await waitFor('the end of retention', () => retained(store).length === 0);
});

test('a clock that is set back delays no eviction', async () => {
  const machine = new Machine();
  const store = await machine.open();
  await removeThree(store);
  machine.wall = 0n;
  machine.pass(25 * hour);
  await waitFor('the end of retention', () => retained(store).length === 0);
});

test('time while the daemon is stopped counts, if the machine runs', async () => {
  for (const end of ['closed', 'killed']) {
    const machine = new Machine();
    const store = await machine.open();
    await removeThree(store);
    machine.pass(13 * hour);
    if (end === 'closed') await store.close('test');
    machine.pass(hour);
    machine.wall = 0n;
    const again = await machine.open({ kept: store.kept, driver: store.driver });
    await afterChecks(machine);
    assert.equal(retained(again), ['a', 'b', 'c']);
    machine.pass(10 * hour);
    await waitFor('the end of retention', () => retained(again).length === 0);
  }
});

test('a boot with a wrong clock keeps retained layers, and ages them from there on', async () => {
  for (const wrong of [0n, now + year]) {
    const machine = new Machine();
    const store = await machine.open();
    await removeThree(store);
    machine.pass(10 * hour);
    await store.close('SIGTERM');
    machine.reboot();
    machine.wall = wrong;
    const again = await machine.open({ kept: store.kept, driver: store.driver });
    await afterChecks(machine);
    machine.wall = now + 3n * year;
    await afterChecks(machine);
    assert.equal(retained(again), ['a', 'b', 'c']);
    machine.pass(13 * hour);
    await afterChecks(machine);
    assert.equal(retained(again), ['a', 'b', 'c']);
    machine.pass(hour);
    await waitFor('the end of retention', () => retained(again).length === 0);
  }
});

test.after(closeMemoryStores);

test.run();
