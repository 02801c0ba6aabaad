import { serverUnderTest } from '../support/server.ts';
import { crashFlow } from './crash-flow.ts';

crashFlow(serverUnderTest('overlay'));
