import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { inspectLog } from '../../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { createLoop, type Loop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { eventsAfter, now, openLog, readAll } from './file-log.ts';

/** Another process's mount namespace may hold the dead file system for a moment; a mount would then show that one again. */
function comeBack(loop: Loop): Promise<void> {
  return waitFor('the file system after the power cut', () => {
    loop.unmount();
    loop.mount();
    try {
      mkdtempSync(join(loop.path, 'probe-'));
      return true;
    } catch {
      return false;
    }
  });
}

for (const type of ['ext4', 'xfs'] as const) {
  const test = suiteNeeding(`log after a power cut on ${type}`, requireFileSystem(type), requireCommand('xfs_io'));

  test('holds every acknowledged event, across segments and power cuts', async () => {
    const loop = createLoop(type);
    const directory = join(loop.path, 'log');
    let acknowledged = 0;
    try {
      for (let cut = 0; cut < 4; cut++) {
        const { log } = await openLog(directory, { segmentBytes: 20_000 });
        assert.ok(log.end.position >= acknowledged, `${log.end.position} of ${acknowledged}`);
        assert.equal(await readAll(log), eventsAfter(0, log.end.position));
        const start = log.end.position;
        const appends = eventsAfter(start, 300).map((envelope) =>
          log.append([envelope], now).then(() => {
            acknowledged = envelope.position;
          }),
        );
        await Promise.race(appends.slice(60 * cut, 60 * cut + 1));
        loop.cutPower();
        await Promise.allSettled(appends);
        await log.close();
        await comeBack(loop);
        assert.equal((await inspectLog(directory)).damage, []);
      }
    } finally {
      loop.end();
    }
  });

  test.run();
}
