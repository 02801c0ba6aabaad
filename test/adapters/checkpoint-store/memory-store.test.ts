import { checkpointStoreContract } from '../../contract/checkpoint-store.contract.ts';
import { createMemoryCheckpointStore } from '../../support/memory-checkpoint-store.ts';

checkpointStoreContract('memory', async () => ({ store: createMemoryCheckpointStore(), dispose: async () => {} }));
