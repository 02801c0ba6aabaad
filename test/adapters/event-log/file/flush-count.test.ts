import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { requireCommand, suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('log flushes counted by the kernel', requireCommand('strace'));

test.before.each((context) => {
  context.sandbox = createSandbox('flush-count');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Appends in a new process, `callers` concurrently with `each` appends in sequence, and counts its fdatasync calls. */
async function syncsOf(sandbox: Sandbox, callers: number, each: number): Promise<number> {
  const support = pathToFileURL(join(import.meta.dirname, 'file-log.js')).href;
  const program = join(sandbox.path, 'append.mjs');
  const counts = join(sandbox.path, 'counts');
  writeFileSync(
    program,
    `import { eventsAfter, now, openLog } from ${JSON.stringify(support)};
     const { log } = await openLog(${JSON.stringify(join(sandbox.path, 'log'))});
     const caller = async () => { for (let n = 0; n < ${each}; n++) await log.append(eventsAfter(log.end.position, 1), now); };
     await Promise.all(Array.from({ length: ${callers} }, caller));
     await log.close();`,
  );
  const expression = 'trace=fdatasync';
  await run('strace', ['--follow-forks', '--quiet=all', '-e', expression, '-o', counts, process.execPath, program]);
  const { stdout } = await run('grep', ['--count', 'fdatasync(', counts], { anyStatus: true });
  return Number(stdout);
}

/** The flush of the header. */
const beginning = 1;

test('are one per event for a single caller', async ({ sandbox }) => {
  assert.is(await syncsOf(sandbox, 1, 40), 40 + beginning);
});

test('are one per round for 32 callers', async ({ sandbox }) => {
  const count = (await syncsOf(sandbox, 32, 20)) - beginning;
  assert.ok(count >= 20 && count <= 25, `${count} flushes for 640 events`);
});

test.run();
