import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem } from '../support/requirements.ts';
import { serverUnderTest } from '../support/server.ts';
import { conformance } from './conformance.ts';

const needs = requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs');
const loop = needs === undefined ? createLoop('btrfs', { megabytes: 1024 }) : undefined;
try {
  await conformance({
    server: serverUnderTest('btrfs'),
    knownAs: 'btrfs',
    folder: loop?.path ?? '',
    leftOut: { Rename: 'the suite leaves it out for every driver; a test of this driver renames instead' },
    needs,
  });
} finally {
  loop?.end();
}
