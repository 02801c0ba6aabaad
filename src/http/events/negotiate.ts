import type { Format, Formats } from './format.ts';

/** Media types that are answered, in the order in which they are preferred where a reader takes several alike. */
const offers: readonly (readonly [type: string, format: keyof Formats])[] = [
  ['application/x-ndjson', 'ndjson'],
  ['text/event-stream', 'sse'],
  ['application/cloudevents+json', 'cloudLines'],
  ['application/cloudevents-batch+json', 'cloudBatch'],
  ['application/json', 'ndjson'],
];

export const offered = offers.map(([type]) => type).join(', ');

/**
 * The format that an Accept header likes best; undefined where it takes none of them. Who takes both event streams and
 * CloudEvents gets an event stream of CloudEvents.
 */
export function negotiate(accept: string | undefined, formats: Formats): Format | undefined {
  const ranges = (accept ?? '*/*').split(',').map(rangeOf);
  const named = (type: string) => ranges.some((range) => range.type === type && range.q > 0);
  if (named('text/event-stream') && named('application/cloudevents+json')) return formats.cloudSse;
  let best: { readonly format: Format; readonly q: number } | undefined;
  for (const [type, name] of offers) {
    const q = qualityOf(type, ranges);
    if (q > (best?.q ?? 0)) best = { format: formats[name], q };
  }
  return best?.format;
}

interface Range {
  readonly type: string;
  readonly q: number;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, q: Number.isFinite(q) ? q : 0 };
}

/** The most exact range decides. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const wider = `${type.split('/')[0]}/*`;
  for (const name of [type, wider, '*/*']) {
    const range = ranges.find((one) => one.type === name);
    if (range !== undefined) return range.q;
  }
  return 0;
}
