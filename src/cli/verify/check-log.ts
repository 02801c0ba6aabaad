import { readFileSync } from 'node:fs';
import { type Anchor, checkAnchors, parseAnchors } from '../../app/audit/anchor.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { LogReport } from '../store-reports.ts';
import type { Noted } from './check-projections.ts';
import type { Finding, StepReport } from './report.ts';

/** Every byte of the log was read: checksums, the hash chain, positions without gap. */
export function checkChain({ segments, records, bytes, position, torn, damage, gone }: LogReport): StepReport {
  return {
    step: 'chain',
    figures: { segments, records, bytes, position, torn },
    findings: damage.map(({ text, hint }) => ({ what: text, todo: hint })),
    notes: [
      ...(gone === undefined ? [] : [`${gone.fault.message}: not checked here`]),
      ...(torn === 0
        ? []
        : [
            `${torn} bytes after the last complete record: a write in progress, or torn by a crash; the next start keeps them aside`,
          ]),
    ],
    corrupt: damage.length > 0,
  };
}

/** A gap of a recorded repair is no finding; any other gap is damage. */
export function withRepairs(
  chain: StepReport,
  gaps: LogReport['gaps'],
  repairs: readonly Noted<'LogRepaired'>[],
): StepReport {
  const unknown = gaps.filter(
    ({ first, last }) =>
      !repairs.some(({ data }) => data.done === 'bridged' && data.first === first && data.last === last),
  );
  return {
    ...chain,
    findings: [...chain.findings, ...unknown.map(unrecorded)],
    notes: [...chain.notes, ...repairs.map(noteOf)],
    corrupt: chain.corrupt || unknown.length > 0,
  };
}

const unrecorded = ({ file, first, last }: LogReport['gaps'][number]): Finding => ({
  what: `log segment ${file}: its header leaves out positions ${first} to ${last}, but no event records such a repair`,
  todo: 'the log was modified: bring it back from a backup',
});

function noteOf({ position, data: { done, first, last, unreadable, kept } }: Noted<'LogRepaired'>): string {
  const range = first === last ? `position ${first} is` : `positions ${first} to ${last} are`;
  const lost =
    done === 'rebuilt'
      ? `the header before position ${first} was rebuilt`
      : `${range} lost, ${unreadable} of them unreadable`;
  return `known since the repair at position ${position}: ${lost}; ${kept} keeps the originals`;
}

/** The anchors given as lines, some comma-separated, or as `@FILE` with one a line. Throws a Fault (`misuse`) for an invalid one. */
export const anchorsGiven = (given: readonly string[]): readonly Anchor[] =>
  parseAnchors(
    given.flatMap((text) => (text.startsWith('@') ? linesOf(text.slice(1)) : text.split(','))),
    '--anchor ',
  );

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch (error) {
    throw new Fault('misuse', `--anchor @${file}: ${errorText(error)}`, { hint: 'name a file of anchors' });
  }
}

/** The log still contains everything up to each anchor. */
export async function checkLogAnchors(log: ReadableLog, anchors: readonly Anchor[]): Promise<StepReport> {
  const before = log.gone?.upTo ?? 0;
  const unseen = anchors.filter(({ position }) => position < before).length;
  const { holds, broken } = await checkAnchors(
    log,
    anchors.filter(({ position }) => position >= before),
  );
  const todo = 'the log was modified: bring back a copy that contains the anchor';
  return {
    step: 'anchors',
    figures: { given: anchors.length, held: holds.length, up_to: holds.at(-1) ?? 0 },
    findings: broken === null ? [] : [{ what: `anchor at position ${broken.position}: ${broken.why}`, todo }],
    notes: unseen === 0 ? [] : [`${unseen} anchors can't be checked: ${log.gone?.fault.message}`],
    corrupt: broken !== null,
  };
}
