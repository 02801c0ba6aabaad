import { createMemoryCheckpointStore } from '../../../src/adapters/checkpoint-store/memory.ts';
import { checkpointStoreContract } from '../../contract/checkpoint-store.contract.ts';

checkpointStoreContract('memory', async () => ({ store: createMemoryCheckpointStore(), dispose: async () => {} }));
