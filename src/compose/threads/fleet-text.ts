import type { WireEnvelope } from '../../../events/envelope.ts';
import { eventItem, type RawItem } from '../../adapters/event-log/kurrentdb/fleet/heads.ts';
import { Fault, type FaultCode } from '../../ports/fault.ts';
import type { FleetItem } from '../../ports/fleet-source.ts';

export interface FaultText {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint: string;
}

export const faultText = ({ code, message, hint }: Fault): FaultText => ({ code, message, hint });
export const faultFrom = ({ code, message, hint }: FaultText): Fault => new Fault(code, message, { hint });

type Place = readonly [commit: string, prepare: string];
type Line =
  | readonly ['stored', ...Place, chainHash: string, recorded: number, wire: WireEnvelope]
  | readonly ['starts', ...Place, first: number, replaces: FaultText | null]
  | readonly ['stops', ...Place, fault: FaultText];

/** The items of a store, of the JSON of a list of lines. */
export const itemsFrom = (store: string, text: string): readonly FleetItem[] =>
  (JSON.parse(text) as readonly Line[]).map((line) => itemFrom(store, line));

/** An item without its store, as JSON. That of an event is the one that was verified. */
export function lineOf(item: RawItem): string {
  const { commit, prepare } = item.at;
  if (item.kind === 'stored') {
    const { stored, recorded } = item;
    // Digits, and a hash that was compared with one of our own: nothing of it needs an escape.
    return `["stored","${commit}","${prepare}","${stored.chainHash}",${recorded},${stored.body}]`;
  }
  const place = [String(commit), String(prepare)] as const;
  const line: Line =
    item.kind === 'starts'
      ? ['starts', ...place, item.first, item.replaces === undefined ? null : faultText(item.replaces)]
      : ['stops', ...place, faultText(item.fault)];
  return JSON.stringify(line);
}

function itemFrom(store: string, line: Line): FleetItem {
  const [kind, commit, prepare] = line;
  const at = { commit: BigInt(commit), prepare: BigInt(prepare) };
  switch (kind) {
    case 'stored': {
      const [, , , chainHash, recorded, wire] = line;
      return eventItem({ store, at, chainHash, recorded }, wire);
    }
    case 'starts': {
      const [, , , first, replaces] = line;
      return { kind, store, at, first, replaces: replaces === null ? undefined : faultFrom(replaces) };
    }
    case 'stops':
      return { kind, store, at, fault: faultFrom(line[3]) };
  }
}
