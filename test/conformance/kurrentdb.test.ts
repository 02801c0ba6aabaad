import { daemonOf } from '../fault/serving.ts';
import { startStandIn } from '../support/kurrent/stand-in.ts';
import { createSandbox } from '../support/sandbox.ts';
import { conformance } from './conformance.ts';

/** The log in a cluster instead of files; everything else as with overlay. */
const sandbox = createSandbox('conformance');
const standIn = await startStandIn();
try {
  await conformance({
    server: { ...daemonOf('overlay', '--log', standIn.url), name: 'snapledger with overlay, its log in KurrentDB' },
    suites: ['1.x'],
    knownAs: 'overlayfs',
    folder: sandbox.path,
    leftOut: { Rename: 'a directory of a lower layer is not renamed but copied, in every overlay file system' },
  });
} finally {
  await standIn.close();
  await sandbox.close();
}
