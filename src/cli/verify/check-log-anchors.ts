import { readFileSync } from 'node:fs';
import * as either from 'fp-ts/lib/Either.js';
import { type Anchor, checkAnchors, parseAnchor } from '../../app/audit/anchor.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { plain } from '../output/plain.ts';
import type { StepReport } from './step-report.ts';

/** The anchors that are given as lines, some of them separated by commas, or as `@FILE` with one a line. Throws a Fault (`misuse`) for what is none. */
export function anchorsGiven(given: readonly string[]): readonly Anchor[] {
  return given
    .flatMap((text) => (text.startsWith('@') ? linesOf(text.slice(1)) : text.split(',')))
    .map((line) => {
      const anchor = parseAnchor(line);
      if (either.isRight(anchor)) return anchor.right;
      throw new Fault('misuse', `--anchor ${plain(anchor.left)}`, {
        hint: 'give the whole line, or @FILE with one a line',
      });
    });
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch (error) {
    throw new Fault('misuse', `--anchor @${file}: ${errorText(error)}`, { hint: 'name a file of anchors' });
  }
}

/** The log still contains what it held when the anchors were made. */
export async function checkLogAnchors(log: ReadableLog, anchors: readonly Anchor[]): Promise<StepReport> {
  const before = log.gone?.upTo ?? 0;
  const unseen = anchors.filter(({ position }) => position < before).length;
  const { holds, broken } = await checkAnchors(
    log,
    anchors.filter(({ position }) => position >= before),
  );
  const todo = 'somebody has changed the log: bring back a copy that contains the anchor';
  return {
    step: 'anchors',
    figures: { given: anchors.length, held: holds.length, up_to: holds.at(-1) ?? 0 },
    findings: broken === null ? [] : [{ what: `anchor at position ${broken.position}: ${broken.why}`, todo }],
    notes: unseen === 0 ? [] : [`${unseen} anchors can't be checked: ${log.gone?.fault.message}`],
    corrupt: broken !== null,
  };
}
