import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, encodeEnvelope, type WireEnvelope } from '../../../events/envelope.ts';
import { Fault, type FaultCode } from '../../ports/fault.ts';
import type { FleetItem } from '../../ports/fleet-source.ts';

export interface FaultText {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint: string;
}

export const faultText = ({ code, message, hint }: Fault): FaultText => ({ code, message, hint });
export const faultFrom = ({ code, message, hint }: FaultText): Fault => new Fault(code, message, { hint });

type Place = readonly [store: string, commit: string, prepare: string];
type Line =
  | readonly ['event' | 'unknown', ...Place, chainHash: string, recorded: number, wire: WireEnvelope]
  | readonly ['starts', ...Place, first: number, replaces: FaultText | null]
  | readonly ['stops', ...Place, fault: FaultText];

/** Items as JSON, for another thread. */
export const textOf = (items: readonly FleetItem[]): string => JSON.stringify(items.map(lineOf));

export const itemsFrom = (text: string): readonly FleetItem[] => (JSON.parse(text) as readonly Line[]).map(itemFrom);

function lineOf(item: FleetItem): Line {
  const place = [item.store, String(item.at.commit), String(item.at.prepare)] as const;
  switch (item.kind) {
    case 'event':
      return ['event', ...place, item.chainHash, item.recorded, encodeEnvelope(item.envelope)];
    case 'unknown':
      return ['unknown', ...place, item.chainHash, item.recorded, item.wire];
    case 'starts':
      return ['starts', ...place, item.first, item.replaces === undefined ? null : faultText(item.replaces)];
    case 'stops':
      return ['stops', ...place, faultText(item.fault)];
  }
}

function itemFrom(line: Line): FleetItem {
  const [kind, store, commit, prepare] = line;
  const place = { store, at: { commit: BigInt(commit), prepare: BigInt(prepare) } };
  switch (kind) {
    case 'starts': {
      const [, , , , first, replaces] = line;
      return { kind, ...place, first, replaces: replaces === null ? undefined : faultFrom(replaces) };
    }
    case 'stops':
      return { kind, ...place, fault: faultFrom(line[4]) };
    default: {
      const [, , , , chainHash, recorded, wire] = line;
      if (kind === 'unknown') return { kind, ...place, wire, chainHash, recorded };
      const envelope = decodeEnvelope(wire);
      if (either.isLeft(envelope)) throw new TypeError(envelope.left);
      return { kind, ...place, envelope: envelope.right, chainHash, recorded };
    }
  }
}
