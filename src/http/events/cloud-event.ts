import type { WireEnvelope } from '../../../events/envelope.ts';

/** How the names of an event's meta become names of extension attributes: lower-case letters and digits. */
const extensions: Readonly<Record<string, string>> = {
  trace: 'traceparent',
  correlation: 'correlationid',
  causation: 'causationid',
};

/** An encoded event as a CloudEvent 1.0 (JSON format); FORMAT.md has the table. */
export function cloudEvent(text: string, store: string): object {
  const { position, id, time, type, meta, data } = JSON.parse(text) as WireEnvelope;
  const subject = subjectOf(data as Readonly<Record<string, unknown>>);
  return {
    specversion: '1.0',
    id,
    source: `urn:uuid:${store}`,
    type: `snapledger.${type}`,
    ...(subject === undefined ? {} : { subject }),
    time: timestampOf(BigInt(time)),
    datacontenttype: 'application/json',
    sequence: position.padStart(20, '0'),
    ...Object.fromEntries(Object.entries(meta).map(([name, value]) => [extensionOf(name), value])),
    data,
  };
}

const extensionOf = (name: string) => extensions[name] ?? name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The snapshot's key, or its id, if the event is about one. */
function subjectOf({ key, id }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof key === 'string' && key !== '') return key;
  return typeof id === 'string' ? id : undefined;
}

/** RFC 3339 with nine digits of a second. */
function timestampOf(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}
