import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexLog } from '../../src/adapters/event-log/file/search/index-log.ts';
import { nameOf, writeLongLog } from './long-log.ts';

/**
 * How long the commands that look back take on a long log, each in a process of its own: history of one key, and stats at
 * several points. `node build/test/bench/audit.js [EVENTS] [ROOT]`; with ROOT a log that is there already is used.
 */
const [events = '1000000', given] = process.argv.slice(2);
const root = given ?? mkdtempSync(join(tmpdir(), 'snapledger-audit-'));
const cli = join(import.meta.dirname, '../../src/snapledger.cjs');

/** Milliseconds of five runs, from the start of the process to its end. */
function measured(...args: readonly string[]): readonly number[] {
  return Array.from({ length: 5 }, () => {
    const began = performance.now();
    execFileSync(process.execPath, [cli, ...args, '--root', root], { stdio: ['ignore', 'ignore', 'inherit'] });
    return Math.round(performance.now() - began);
  });
}

try {
  if (given === undefined) await writeLongLog(root, Number(events));
  const began = performance.now();
  await indexLog(join(root, 'log'), join(root, 'index'));
  const indexed = Math.round(performance.now() - began);
  const history = { removed: measured('history', nameOf(9000)), number: measured('history', '20000') };
  const at = Object.fromEntries(
    [0.05, 0.33, 0.62, 0.98].map((part) => {
      const position = Math.floor(Number(events) * part) + 37_777 * (part < 0.9 ? 1 : 0);
      return [position, measured('stats', '--at', String(position))];
    }),
  );
  console.log(JSON.stringify({ events, milliseconds: { indexed, history, at } }));
} finally {
  if (given === undefined) rmSync(root, { recursive: true });
}
