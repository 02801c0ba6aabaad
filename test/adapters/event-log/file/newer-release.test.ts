import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatLine } from '../../../../src/adapters/event-log/file/format/line.ts';
import { readLogDirectory } from '../../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { repairLog } from '../../../../src/adapters/event-log/file/repair/repair-log.ts';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { linesOf, openLog, segmentsIn, storeId, writeLog } from './file-log.ts';

const test = suite<{ sandbox: Sandbox; root: string; log: string }>('log of a newer release');

test.before.each(async (context) => {
  context.sandbox = createSandbox('newer-release');
  context.root = context.sandbox.path;
  context.log = context.sandbox.folder('log');
  await writeLog(context.log, 12, { segmentBytes: 900 });
});
test.after.each(({ sandbox }) => sandbox.close());

const contents = (directory: string) =>
  readdirSync(directory).map((name) => readFileSync(join(directory, name), 'hex'));

/** Gives a segment the header of a format that this release does not know, and fields that it does not expect. */
function asNewer(log: string, index: number, format: string): void {
  const file = join(log, segmentsIn(log).at(index) ?? '');
  const [, ...events] = linesOf(file);
  const { text } = formatLine('segment', '', JSON.stringify({ format, owner: storeId, from: '1' }));
  writeFileSync(file, text + events.join(''));
}

for (const [which, index] of [
  ['first', 0],
  ['second', 1],
  ['last', -1],
] as const)
  test(`the ${which} segment: opening, reading, verifying and repairing stop with the reason, and change nothing`, async ({
    root,
    log,
  }) => {
    asNewer(log, index, 'snapledger.log.v3');
    const before = contents(log);
    const repair = (dryRun: boolean) =>
      repairLog({ root, store: storeId, states: async () => [], stamp: () => [], dryRun });
    const tries = [
      () => openLog(log),
      () => readLogDirectory(log),
      () => inspectLog(log),
      () => repair(true),
      () => repair(false),
    ];
    for (const attempt of tries) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.instance(error, Fault);
      const { code, message, hint } = error as Fault;
      assert.is(code, 'unsupported');
      assert.match(message, /snapledger\.log\.v3, written by a newer release/);
      assert.match(message, segmentsIn(log).at(index) ?? '');
      assert.not.match(hint, 'repair');
    }
    assert.equal(contents(log), before);
  });

for (const format of ['snapledger.log.v0', 'snapledger.log.v03', 'snapledger.log.vX', 'other.log.v3', ''])
  test(`the format "${format}": is damage, since no release writes it`, async ({ log }) => {
    asNewer(log, 1, format);
    const { damage } = await inspectLog(log);
    assert.ok(
      damage.some(({ text }) => text.includes("the header can't be read")),
      JSON.stringify(damage),
    );
  });

test.run();
