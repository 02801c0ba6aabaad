import { createCommandSystem } from '../../../src/adapters/system/command-system.ts';
import { systemContract } from '../../contract/system.contract.ts';
import { requireCommand } from '../../support/requirements.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

systemContract('command system', createCommandSystem, {
  module: {
    url: new URL(`../../../src/adapters/system/command-system.${extension}`, import.meta.url),
    factory: 'createCommandSystem',
  },
  missing: requireCommand('flock') ?? requireCommand('fallocate') ?? requireCommand('systemd-notify'),
});
