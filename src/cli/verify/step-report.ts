import type { Altered } from '../../ports/layer-inspector.ts';

/** Something that is not as it should be, and what the operator does about it. */
export interface Finding {
  readonly what: string;
  readonly todo: string;
  /** the number of the snapshot whose layer it is about */
  readonly snapshot?: number;
  /** entries of a layer that differ from its manifest */
  readonly entries?: readonly Altered[];
}

/** What one step of verify looked at and found. */
export interface StepReport {
  readonly step: 'chain' | 'anchors' | 'projections' | 'parents' | 'volumes' | 'orphans' | 'layers';
  readonly figures: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** in order, but worth knowing */
  readonly notes: readonly string[];
  /** the findings mean that acknowledged facts are damaged */
  readonly corrupt: boolean;
}

/** 0 all in order, 1 findings, 3 damage. */
export function verdictOf(reports: readonly StepReport[]): 0 | 1 | 3 {
  if (reports.some(({ corrupt }) => corrupt)) return 3;
  return reports.some(({ findings }) => findings.length > 0) ? 1 : 0;
}
