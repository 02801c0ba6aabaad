import { criFlow } from './flow.ts';

criFlow({ driver: 'overlay', fileSystem: 'ext4', megabytes: 72 });
