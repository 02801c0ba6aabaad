import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem } from '../support/requirements.ts';
import { retentionFlow } from './retention-flow.ts';

const needs = requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs');
const loop = needs === undefined ? createLoop('btrfs', { megabytes: 1024 }) : undefined;
process.on('exit', () => loop?.end());

retentionFlow('btrfs', () => `${loop?.path}/store`, needs);
