import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { repair, repairLines } from '../../../src/cli/commands/repair.ts';
import type { LossReport, RepairReport } from '../../../src/cli/store-reports.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { createMemoryDeps, createPrinter } from '../memory-deps.ts';

const test = suite('repair');

const cut: LossReport = {
  done: 'truncated',
  text: '1.log, byte 7, position 3: the record is damaged; the log is truncated there, positions 3 to 5 lost',
  first: 3,
  last: 5,
  records: [
    { position: 4, type: 'SnapshotPrepared', id: 2, about: 'key\u001b' },
    { position: 5, type: 'StoreClosed', id: null, about: '' },
  ],
  unreadable: 1,
};

const report = (losses: readonly LossReport[], again = false): RepairReport => ({
  ...{ losses, again, lastId: 3 },
  kept: losses.length === 0 ? '' : 'log/damaged-3',
  changed: losses.length === 0 ? [] : ['log/1.log'],
});

test('lists what is lost, what is quarantined, and the consequences', () => {
  assert.equal(repairLines(report([cut]), true), [
    cut.text,
    "  2 of these events can still be read, 1 can't",
    '  POSITION  TYPE              ID  KEY',
    '         4  SnapshotPrepared   2  key\\u001b',
    '         5  StoreClosed',
    'kept aside whole in log/damaged-3: log/1.log',
    'the next start quarantines volumes that the log no longer explains; ids up to 3 are not reused',
    'this is what would be done; nothing was changed',
  ]);
});

test('says that there is nothing to repair, or that a repair was interrupted', () => {
  assert.equal(repairLines(report([]), false), ['nothing to repair']);
  assert.equal(repairLines(report([], true), true), ['a repair was interrupted: it would be undone and started again']);
  assert.match(
    repairLines(report([{ ...cut, done: 'rebuilt' }], true), false).join('\n'),
    'was undone and started again',
  );
});

test('prints one JSON object with --json', async () => {
  const sandbox = createSandbox('repair');
  const deps = await createMemoryDeps(sandbox, []);
  const { lines, print } = createPrinter();
  await repair({ root: deps.root, json: true, dryRun: true }, { ...deps, repairLog: async () => report([cut]) }, print);
  assert.equal(JSON.parse(lines.join('')), { dryRun: true, ...report([cut]) });
  await sandbox.close();
});

test.run();
