import { volumeDriverContract } from '../../../contract/volume-driver.contract.ts';
import { openBench, ways } from './bench.ts';

for (const [name, calls, missing] of ways)
  volumeDriverContract(`btrfs driver by ${name}`, () => openBench(calls()), missing);
