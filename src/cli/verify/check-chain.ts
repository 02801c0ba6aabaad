import type { LogReport } from '../cli-deps.ts';
import type { Noted } from './replay.ts';
import type { Finding, StepReport } from './step-report.ts';

/** Every byte of the log was read: checksums, the hash chain, positions without gap. */
export function checkChain({ segments, records, bytes, position, torn, damage, gone }: LogReport): StepReport {
  return {
    step: 'chain',
    figures: { segments, records, bytes, position, torn },
    findings: damage.map(({ text, hint }) => ({ what: text, todo: hint })),
    notes: [
      ...(gone === undefined ? [] : [`${gone.fault.message}: not looked at here`]),
      ...(torn === 0
        ? []
        : [
            `${torn} bytes after the last whole record: a write under way, or torn by a crash; the next start keeps them aside`,
          ]),
    ],
    corrupt: damage.length > 0,
  };
}

/** What repairs lost is known and no finding; a gap that none of them tells of is damage. */
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
    findings: [...chain.findings, ...unknown.map(untold)],
    notes: [...chain.notes, ...repairs.map(noteOf)],
    corrupt: chain.corrupt || unknown.length > 0,
  };
}

const untold = ({ file, first, last }: LogReport['gaps'][number]): Finding => ({
  what: `log segment ${file}: its header leaves positions ${first} to ${last} out, but no event tells of such a repair`,
  todo: 'somebody has changed the log: bring it back from a backup',
});

function noteOf({ position, data: { done, first, last, unreadable, kept } }: Noted<'LogRepaired'>): string {
  const range = first === last ? `position ${first} is` : `positions ${first} to ${last} are`;
  const lost =
    done === 'rebuilt'
      ? `the header before position ${first} was written again`
      : `${range} lost, ${unreadable} of them unreadable`;
  return `known since the repair at position ${position}: ${lost}; ${kept} keeps the originals`;
}
