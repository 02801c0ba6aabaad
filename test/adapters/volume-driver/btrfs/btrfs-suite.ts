import type { BtrfsCalls } from '../../../../src/adapters/volume-driver/btrfs/ioctl/btrfs-calls.ts';
import type { Failpoint } from '../../../../src/ports/failpoints.ts';
import type { Volume, VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { insideMount } from '../../../support/inside-mount.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { calls, needsBtrfs, newRoot, openDriver } from './bench.ts';

/** A root, and drivers opened on it as consecutive daemons would. */
export interface Fixture {
  readonly root: string;
  readonly calls: BtrfsCalls;
  readonly driver: VolumeDriver;
  open(failpoint?: Failpoint): Promise<VolumeDriver>;
  /** `snapshots/<id>/<name>` */
  part(id: number, name: string): string;
  /** runs a script in a mount of the volume */
  inside(volume: Volume, script: string): Promise<string>;
  commit(volume: Volume): Promise<void>;
}

type Run = (fixture: Fixture) => Promise<void>;

/** Defines a suite of tests on btrfs, with a root of its own for each test. */
export function btrfsSuite(name: string, define: (test: (title: string, run: Run) => void) => void): void {
  const test = suiteNeeding(`btrfs driver: ${name}`, needsBtrfs);
  define((title, run) => test(title, () => withFixture(run)));
  test.run();
}

async function withFixture(run: Run): Promise<void> {
  const root = newRoot();
  const opened: VolumeDriver[] = [];
  const open = async (failpoint?: Failpoint) => {
    const driver = await openDriver(root, failpoint && { failpoint });
    opened.push(driver);
    return driver;
  };
  const driver = await open();
  const inside = async (volume: Volume, script: string) => {
    const [mount] = await driver.mounts(volume);
    if (mount === undefined) throw new Error('no mount');
    return insideMount(mount, script);
  };
  const commit = async (volume: Volume) => {
    await driver.flush(volume);
    await driver.freeze(volume);
    await driver.dropActive({ ...volume, kind: 'committed' });
  };
  try {
    await run({ root, calls, driver, open, part: (id, part) => `${root}/snapshots/${id}/${part}`, inside, commit });
  } finally {
    for (const each of opened) await each.close();
  }
}
