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

/** The fields before the type stand in a fixed order and hold no quotes, so that it is found without parsing the rest. */
const head = /^\{"position":"\d+","id":"[^"\\]*","time":"\d+","type":"(\w+)\.v\d+"/;

function typeOf(text: string): string {
  const [, type] = head.exec(text) ?? [];
  return type ?? (JSON.parse(text) as { type: string }).type.replace(/\.v\d+$/, '');
}
