import { parseArgs } from 'node:util';
import { driversUnderTest } from '../../fault/drivers.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { otherServer, type Server, serverUnderTest } from '../../support/server.ts';
import { createDisk, type DiskKind, diskKinds } from './disk.ts';
import { cutPower } from './power-cuts.ts';

/**
 * What the same power cuts do to this daemon and to another server of the snapshots API: `node
 * build/test/torture/power-cuts/compare-power-cuts.js --disk xfs --cuts 50 --seed 1 --peer '["peerserver","overlay","ROOT","SOCKET"]'`,
 * as root. Prints a line of JSON for each. The other server gets a store of its own for every cut, so that what one has spoilt
 * does not count again; ours continues with what the earlier cuts have left.
 */
const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { disk: text, cuts: text, seed: text, peer: text, driver: text } });
const { disk = 'xfs', cuts = '50', seed = '1', peer, driver = 'overlay' } = values;

async function run(server: Server, apart: boolean): Promise<void> {
  const kind = diskKinds.find((one) => one === disk) satisfies DiskKind | undefined;
  const under = driversUnderTest.find(({ name }) => name === driver);
  if (kind === undefined || under === undefined) throw new TypeError(`no disk ${disk}, or no driver ${driver}`);
  const sandbox = createSandbox('compare');
  try {
    const damage = await cutPower({
      sandbox,
      disk: createDisk(sandbox, kind),
      server,
      driver: under,
      cuts: Number(cuts),
      seed: Number(seed),
      apart,
    });
    if (damage.layers === 0) throw new Error(`${server.name}: no commit was acknowledged, so nothing was shown`);
    console.log(JSON.stringify({ server: server.name, disk, driver, ...damage, texts: damage.texts.slice(0, 5) }));
  } finally {
    await sandbox.close();
  }
}

closeSandboxesOnSignal();
await run(serverUnderTest(driver), false);
if (peer !== undefined) await run(otherServer(JSON.parse(peer)), true);
