import * as assert from 'uvu/assert';
import { createFailpoints } from '../../../src/adapters/system/failpoints.ts';
import { stageOf } from '../../../src/adapters/system/root/root-stage.ts';
import { givebackLines, takeoverLines } from '../../../src/cli/commands/takeover.ts';
import { giveBack } from '../../../src/maintenance/takeover/giveback.ts';
import { takeOver } from '../../../src/maintenance/takeover/takeover.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { contentOf, databasePath, makeContainerdRoot, readMetadata } from '../../support/containerd-root.ts';
import { requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suiteNeeding('errors in the middle of a takeover and a giveback', requireRoot());
const sandbox = createSandbox('takeover-errors');
test.after(() => sandbox.close());

const optionsFor = (root: string, failpoints = '') => ({
  ...{ database: databasePath(root), snapshotter: 'overlayfs', dryRun: false },
  failpoint: createFailpoints(failpoints),
});

const faultOf = (action: Promise<unknown>): Promise<Fault> =>
  action.then(
    () => assert.unreachable('it must fail'),
    (error) => {
      assert.instance(error, Fault);
      return error;
    },
  );

test('takeover and giveback: an error that leaves the root closed says to run the command again', async () => {
  const root = await makeContainerdRoot(sandbox.folder('containerd'));
  const taking = await faultOf(takeOver(root, optionsFor(root, 'takeover.decided=error(EIO)')));
  assert.is(stageOf(root), 'takeover-decided');
  assert.match(taking.message, 'EIO');
  assert.match(taking.hint, `snapledger takeover --root ${root}`);
  const resumed = takeoverLines(await takeOver(root, optionsFor(root))).join('\n');
  assert.match(resumed, 'the interrupted takeover was finished');
  assert.not.match(resumed, '0 committed');
  for (const step of ['giveback.renamed', 'giveback.decided', 'giveback.moved']) {
    const giving = await faultOf(giveBack(root, optionsFor(root, `${step}=error(EIO)`)));
    assert.match(giving.hint, `snapledger giveback --root ${root}`, step);
  }
  const finished = givebackLines(await giveBack(root, optionsFor(root))).join('\n');
  assert.match(finished, 'given back');
  assert.not.match(finished, '0 committed');
  assert.equal(await readMetadata(root), contentOf(3));
});

test('takeover: an error before the decision says nothing of a second run', async () => {
  const root = await makeContainerdRoot(sandbox.folder('undecided'));
  const { hint } = await faultOf(takeOver(root, optionsFor(root, 'takeover.placed=error(EIO)')));
  assert.is(stageOf(root), 'containerd');
  assert.not.match(hint, 'run it again');
});

test.run();
