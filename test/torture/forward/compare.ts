import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { readLogDirectory } from '../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { createStreams, type StoredEvent } from '../../support/kurrent/streams.ts';
import { omittedLabels } from './labels.ts';

interface Comparison {
  /** the first differences; empty if there are none */
  readonly findings: readonly string[];
  /** labels of the log that the stream does not have */
  readonly omitted: number;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * What differs between the log of a root and its stream, position by position, except labels that a setting leaves out, and whether
 * the stream's own chain holds (FORMAT.md). The stream is read from the server's own file, not by the code that wrote it.
 */
export async function compareStream(root: string, file: string): Promise<Comparison> {
  const log = await readLogDirectory(join(root, 'log'));
  const streams = createStreams(file);
  const stored = streams.read(`snapledger-${log.store}`, 0, 'forwards', Number.MAX_SAFE_INTEGER) ?? [];
  streams.close();
  const findings: string[] = [];
  let [position, omitted, chainHash] = [0, 0, sha256(`snapledger.stream.v1 ${log.store}`)];
  for await (const batch of log.read(0))
    for (const envelope of batch) {
      const found = stored[position];
      position += 1;
      const sent = found?.revision === position - 1 ? partsOf(found.event) : undefined;
      const left = sent === undefined ? undefined : missingIn(sent, envelope);
      omitted += left ?? 0;
      chainHash = sent === undefined ? chainHash : sha256(chainHash + sent.bodyAt(position));
      if (left === undefined || chainHash !== sent?.chainHash)
        findings.push(
          `position ${position}: ${JSON.stringify(encodeEnvelope(envelope))} in the log, ${sent?.text} in the stream`,
        );
    }
  if (stored.length !== position) findings.push(`${position} events in the log, ${stored.length} in the stream`);
  const ids = new Set(stored.map(({ event }) => event.id));
  if (ids.size !== stored.length) findings.push(`${stored.length} events, but ${ids.size} ids`);
  return { findings: findings.slice(0, 5), omitted };
}

type Sent = ReturnType<typeof partsOf>;

/** How many labels a stored event lacks; undefined if it is another event. */
function missingIn({ id, time, type, meta, data }: Sent, envelope: Envelope): number | undefined {
  const ours = encodeEnvelope(envelope);
  const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const textOf = (...parts: readonly unknown[]) => JSON.stringify(parts);
  if (textOf(id, time, type, sorted(meta)) !== textOf(ours.id, ours.time, ours.type, sorted(ours.meta)))
    return undefined;
  return omittedLabels(ours.data as Parameters<typeof omittedLabels>[0], data);
}

const names: Readonly<Record<string, string>> = { $correlationId: 'correlation', $causationId: 'causation' };

function partsOf({ type, data: encoded, metadata }: StoredEvent) {
  const parsed = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  const {
    'snapledger.id': id,
    'snapledger.time': time,
    'snapledger.chainHash': chainHash,
    ...others
  } = parsed(metadata) as Record<string, string>;
  const meta = Object.fromEntries(Object.entries(others).map(([name, value]) => [names[name] ?? name, value]));
  const data = parsed(encoded);
  const bodyAt = (position: number) => JSON.stringify({ position: String(position), id, time, type, meta, data });
  return {
    id,
    time,
    type,
    meta,
    data,
    chainHash,
    bodyAt,
    text: JSON.stringify({ type, data, metadata: parsed(metadata) }),
  };
}
