import { createNativeSystem } from '../../../src/adapters/system/native-system.ts';
import { systemContract } from '../../contract/system.contract.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

systemContract(
  'native system',
  () => {
    const system = createNativeSystem();
    if (system === undefined) throw new Error('koffi does not load');
    return system;
  },
  {
    module: {
      url: new URL(`../../../src/adapters/system/native-system.${extension}`, import.meta.url),
      factory: 'createNativeSystem',
    },
    missing: createNativeSystem() === undefined ? 'needs koffi' : undefined,
  },
);
