import { serverUnderTest } from '../support/server.ts';
import { containerdFlow } from './containerd-flow.ts';
import { createEnvironment } from './environment.ts';

const server = serverUnderTest('overlay');
containerdFlow(server.name, (sandbox) => createEnvironment(sandbox, sandbox.folder('store'), server));
