import { retentionFlow } from './retention-flow.ts';

retentionFlow('overlay', (sandbox) => sandbox.folder('store'));
