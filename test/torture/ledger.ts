import type { KnownFile } from './content.ts';

/** The state of a snapshot as known to its writer. */
export interface Fact {
  readonly kind: 'active' | 'view' | 'committed';
  readonly parent: string;
  /** the snapshot's one label: no two states of a key have the same */
  readonly token: string;
  /** what its own layer holds; undefined if unknown */
  readonly files: readonly KnownFile[] | undefined;
}

/** The effect of a call on its keys; undefined for a key that does not exist. */
export type Change = ReadonlyMap<string, Fact | undefined>;

/** The acknowledged state of one writer, and its calls with unknown outcome. */
export interface Ledger {
  readonly facts: Map<string, Fact>;
  readonly unknown: Change[];
  /** Whether the outcome of some call on the key is not known. */
  isUnsure(key: string): boolean;
  /** Records a call as done. */
  settle(change: Change): void;
}

export function createLedger(): Ledger {
  const facts = new Map<string, Fact>();
  const unknown: Change[] = [];
  return {
    facts,
    unknown,
    isUnsure: (key) => unknown.some((change) => change.has(key)),
    settle: (change) => {
      for (const [key, fact] of change)
        if (fact === undefined) facts.delete(key);
        else facts.set(key, fact);
    },
  };
}
