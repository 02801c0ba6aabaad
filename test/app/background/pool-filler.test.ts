import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPoolFiller } from '../../../src/app/background/pool-filler.ts';
import type { DiskSpace } from '../../../src/ports/disk-space.ts';
import { errnoError } from '../../../src/ports/errno.ts';
import { faultOf } from '../../../src/ports/fault.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('pool filler');

const roomy: DiskSpace = { bytes: 1 << 30, totalBytes: 1 << 40, inodes: 1e6, totalInodes: 1e7 };

/** A filler of a pool with room for four parts. */
function filling(options: { space?: DiskSpace; onFill?(parts: number): void | Promise<void>; pool?: null } = {}) {
  const state = { parts: 0, drained: 0, busy: false, said: [] as string[], measured: 0 };
  const pool = {
    isFull: () => state.parts >= 4,
    fill: async () => {
      await options.onFill?.(state.parts);
      state.parts += 1;
    },
    drain: async () => {
      state.drained += 1;
      const some = state.parts > 0;
      state.parts = 0;
      return some;
    },
  };
  const say = (_fields: object, message: string) => void state.said.push(message);
  const filler = createPoolFiller({
    pool: options.pool === null ? undefined : pool,
    busy: () => state.busy,
    measureRoom: async () => {
      state.measured += 1;
      return options.space ?? roomy;
    },
    logger: { info: say, warn: say, error: say },
  });
  return { filler, state };
}

test('fills the pool when nothing is under way, and measures the space once a second', async () => {
  const { filler, state } = filling();
  const began = performance.now();
  filler.idle();
  assert.is(state.parts, 0);
  await waitFor('a full pool', () => state.parts === 4);
  state.parts = 3;
  await sleep(5);
  filler.idle();
  await waitFor('a full pool', () => state.parts === 4);
  assert.is(state.drained, 0);
  const seconds = Math.floor((performance.now() - began) / 1_000);
  assert.ok(state.measured <= 1 + seconds, `${state.measured} measurements in ${seconds} s`);
  await filler.close();
});

test('stops when a change begins, and goes on after it', async () => {
  const { filler, state } = filling({
    onFill: (parts) => {
      state.busy = parts === 1;
    },
  });
  filler.idle();
  await waitFor('a change', () => state.busy);
  await sleep(20);
  assert.is(state.parts, 2);
  state.busy = false;
  filler.idle();
  await waitFor('a full pool', () => state.parts === 4);
  await filler.close();
});

for (const [title, space] of [
  ['bytes', { ...roomy, bytes: 1 << 20 }],
  ['inodes', { ...roomy, inodes: 10 }],
] as const)
  test(`empties the pool instead if there are few ${title}`, async () => {
    const { filler, state } = filling({ space });
    state.parts = 3;
    filler.idle();
    await waitFor('an empty pool', () => state.drained === 1);
    await sleep(5);
    filler.idle();
    await sleep(20);
    assert.equal([state.parts, state.said], [0, []]);
    await filler.close();
  });

test('fills the pool on a file system that does not count inodes', async () => {
  const { filler, state } = filling({ space: { ...roomy, inodes: 0, totalInodes: 0 } });
  filler.idle();
  await waitFor('a full pool', () => state.parts === 4);
  await filler.close();
});

for (const [name, said] of [
  ['EDQUOT', []],
  ['EIO', ['no volumes are made ahead for a while']],
] as const)
  test(`pauses after ${name}`, async () => {
    let tries = 0;
    const { filler, state } = filling({
      onFill: () => {
        tries += 1;
        throw faultOf(errnoError(name, 'no further'), 'volumes made ahead');
      },
    });
    for (let n = 0; n < 3; n++) {
      filler.idle();
      await sleep(10);
    }
    assert.equal([tries, state.said], [1, said]);
    await filler.close();
  });

test('pauses after a part that took long, for twenty times as long', async () => {
  const times: number[] = [];
  const { filler } = filling({
    onFill: async () => {
      times.push(performance.now());
      if (times.length === 1) await sleep(30);
    },
  });
  filler.idle();
  await waitFor('two parts', () => times.length > 1);
  const [first = 0, second = 0] = times;
  // A timer may fire a millisecond early.
  assert.ok(second - first >= 21 * 29, `the second began ${second - first} ms after the first, which took 30 ms`);
  await filler.close();
});

test('empties the pool for lack of space, and leaves it so for a while', async () => {
  const { filler, state } = filling();
  filler.idle();
  await waitFor('a full pool', () => state.parts === 4);
  assert.ok(await filler.drain());
  assert.not(await filler.drain());
  filler.idle();
  await sleep(20);
  assert.is(state.parts, 0);
  await filler.close();
});

test('adds nothing once it is closed', async () => {
  const { filler, state } = filling({ onFill: () => sleep(1) });
  filler.idle();
  await waitFor('a part', () => state.parts > 0);
  await filler.close();
  const { parts } = state;
  filler.idle();
  await sleep(20);
  assert.is(state.parts, parts);
});

test('does nothing for a driver without a pool', async () => {
  const { filler, state } = filling({ pool: null });
  filler.idle();
  assert.not(await filler.drain());
  assert.is(state.measured, 0);
  await filler.close();
});

test.run();
