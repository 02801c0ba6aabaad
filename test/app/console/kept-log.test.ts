import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keepLog } from '../../../src/app/console/kept-log.ts';
import type { ReadableLog } from '../../../src/ports/readable-log.ts';
import { noAudit } from '../../support/no-audit.ts';

const test = suite('console: log that is compared');

test('kept log: one of a cluster is closed if it can not be compared with the one before', async () => {
  let [opened, closed] = [0, 0];
  const logOf = (position: number) =>
    ({
      ...{ store: 'one', end: { position, chainHash: `hash ${position}` } },
      chainHashAt: () => Promise.reject(new Error('the cluster is away')),
      close: async () => {
        closed += 1;
      },
    }) as Partial<ReadableLog> as ReadableLog;
  const files = { ...noAudit.files, openLog: async () => logOf(++opened) };
  const { openLog } = keepLog(files, () => assert.unreachable(), false);
  await (await openLog()).close();
  assert.equal([opened, closed], [1, 1]);
  await openLog().then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'the cluster is away'),
  );
  assert.equal([opened, closed], [2, 2]);
});

test.run();
