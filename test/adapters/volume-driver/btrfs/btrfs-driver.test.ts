import { volumeDriverContract } from '../../../contract/volume-driver.contract.ts';
import { needsBtrfs, openBench } from './bench.ts';

volumeDriverContract('btrfs driver', openBench, needsBtrfs);
