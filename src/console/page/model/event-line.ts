import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type WireEnvelope } from '../../../../events/envelope.ts';
import { describeEvent } from '../../../cli/output/event-text.ts';
import { type Group, groupOf } from './kinds.ts';
import { millisecondsOf } from './units.ts';

/** An event in the words of the log's table. */
export interface EventLine {
  readonly position: string;
  /** milliseconds since 1970 */
  readonly time: number;
  readonly type: string;
  readonly group: Group;
  readonly id: string;
  readonly about: string;
  readonly what: string;
  readonly actor: string;
}

/** An event of a newer release is shown as its JSON. */
export function eventLine(wire: WireEnvelope): EventLine {
  const { position, time } = wire;
  const type = wire.type.replace(/\.v\d+$/, '');
  const decoded = decodeEnvelope(wire);
  const text = either.isRight(decoded)
    ? describeEvent(decoded.right)
    : { id: '', about: '', what: JSON.stringify(wire.data), actor: wire.meta.actor ?? '' };
  return { position, time: millisecondsOf(time), type, group: groupOf(type), ...text };
}
