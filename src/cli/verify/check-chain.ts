import type { LogReport } from '../world.ts';
import type { StepReport } from './step-report.ts';

/** Every byte of the log was read: checksums, the hash chain, positions without gap. */
export function checkChain({ segments, records, bytes, position, torn, damage }: LogReport): StepReport {
  return {
    step: 'chain',
    figures: { segments, records, bytes, position, torn },
    findings: damage.map(({ text, hint }) => ({ what: text, todo: hint })),
    notes:
      torn === 0
        ? []
        : [
            `${torn} bytes after the last whole record: a write under way, or torn by a crash; the next start keeps them aside`,
          ],
    corrupt: damage.length > 0,
  };
}
