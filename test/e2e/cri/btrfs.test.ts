import { criFlow } from './flow.ts';

criFlow({ driver: 'btrfs', fileSystem: 'btrfs', megabytes: 512 });
