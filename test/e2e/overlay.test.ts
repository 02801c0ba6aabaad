import { serverUnderTest } from '../support/server.ts';
import { containerdFlow } from './containerd-flow.ts';

containerdFlow(serverUnderTest('overlay'));
