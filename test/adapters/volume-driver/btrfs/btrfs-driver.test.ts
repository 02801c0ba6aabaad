import { volumeDriverContract } from '../../../contract/volume-driver.contract.ts';
import { fillPool } from '../../../contract/volume-pool.contract.ts';
import { needsBtrfs, openBench } from './bench.ts';

volumeDriverContract('btrfs driver', openBench, needsBtrfs);

volumeDriverContract(
  'btrfs driver with volumes made ahead',
  async () => {
    const bench = await openBench();
    await fillPool(bench.driver);
    return bench;
  },
  needsBtrfs,
);
