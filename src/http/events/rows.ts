import type { Batch } from '../../app/feed/batch.ts';

/** One encoded event of a batch. */
export interface Row {
  readonly position: number;
  /** without its version */
  readonly type: string;
  /** its JSON */
  readonly text: string;
}

/** The events of a batch one by one; who asks again gets the same. */
export const rowsOf = (batch: Batch): readonly Row[] => batch.once(rowsOf, split);

function split({ first, lines }: Batch): readonly Row[] {
  const texts = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength - 1)
    .toString('utf8')
    .split('\n');
  return texts.map((text, index) => ({ position: first + index, type: typeOf(text), text }));
}

const beforeType = 'type":"';

/** Reads the type off an envelope's JSON without decoding it. The key can't stand inside a text, where quotes are escaped. */
function typeOf(text: string): string {
  const start = text.indexOf(beforeType) + beforeType.length;
  return text.slice(start, text.indexOf('"', start)).replace(/\.v\d+$/, '');
}
