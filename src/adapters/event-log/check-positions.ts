import type { Envelope } from '../../../events/envelope.ts';

/** Throws a TypeError unless the envelopes follow position `after` without gap. */
export function checkPositions(envelopes: readonly Envelope[], after: number): void {
  envelopes.forEach(({ position }, index) => {
    const expected = after + 1 + index;
    if (position !== expected) throw new TypeError(`append: expected position ${expected}, found ${position}`);
  });
}
