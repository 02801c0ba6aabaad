import { createSandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { conformance } from './conformance.ts';

const sandbox = createSandbox('conformance');
try {
  await conformance({
    server: serverUnderTest('overlay'),
    knownAs: 'overlayfs',
    folder: sandbox.path,
    leftOut: { Rename: 'a directory of a lower layer is not renamed but copied, in every overlay file system' },
  });
} finally {
  await sandbox.close();
}
