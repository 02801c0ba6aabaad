import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tryMount } from '../../../../src/adapters/system/commands.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import { type DriverBench, volumeDriverContract } from '../../../contract/volume-driver.contract.ts';
import { fillPool } from '../../../contract/volume-pool.contract.ts';
import { createLoop, type LoopType } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

async function benchAt(root: string, end: () => Promise<void>): Promise<DriverBench> {
  const part = (id: number, name: string) => `${root}/snapshots/${id}/${name}`;
  return {
    driver: await createOverlayDriver({ root, system: createSystem(), tryMount }),
    write: async ({ id }, name) => writeFileSync(`${part(id, 'fs')}/${name}`, Buffer.alloc(8192, 'x')),
    putForeign: (name) => mkdirSync(`${root}/snapshots/${name}`),
    breakApart: (id) => rmSync(part(id, 'work'), { recursive: true }),
    lose: (id) => rmSync(part(id, 'fs'), { recursive: true }),
    end,
  };
}

volumeDriverContract(
  'overlay driver',
  async () => {
    const sandbox = createSandbox('overlay');
    return benchAt(`${sandbox.path}/root`, () => sandbox.close());
  },
  requireFileSystem('overlay'),
);

volumeDriverContract(
  'overlay driver with volumes made ahead',
  async () => {
    const sandbox = createSandbox('overlay');
    const bench = await benchAt(`${sandbox.path}/root`, () => sandbox.close());
    await fillPool(bench.driver);
    return bench;
  },
  requireFileSystem('overlay'),
);

/** One file system for all tests of the contract, with a root of its own for each. */
function onLoop(type: LoopType): void {
  let roots = 0;
  let loop: ReturnType<typeof createLoop> | undefined;
  process.on('exit', () => loop?.end());
  volumeDriverContract(
    `overlay driver on ${type}`,
    async () => {
      loop ??= createLoop(type);
      return benchAt(`${loop.path}/root-${++roots}`, async () => {});
    },
    requireFileSystem('overlay') ?? requireFileSystem(type) ?? requireCommand(`mkfs.${type}`),
  );
}

onLoop('xfs');
onLoop('btrfs');
