import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem } from '../support/requirements.ts';
import { serverUnderTest } from '../support/server.ts';
import { containerdFlow } from './containerd-flow.ts';
import { createEnvironment } from './environment.ts';

const needs = requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs');
const loop = needs === undefined ? createLoop('btrfs', { megabytes: 1024 }) : undefined;
process.on('exit', () => loop?.end());

const server = serverUnderTest('btrfs');
containerdFlow(server.name, (sandbox) => createEnvironment(sandbox, `${loop?.path}/store`, server), needs);
