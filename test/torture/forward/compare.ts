import { join } from 'node:path';
import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { readLogDirectory } from '../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { createStreams, type StoredEvent } from '../../support/kurrent/streams.ts';

/**
 * What differs between the log of a root and its stream, position by position; empty if they are equal. The stream is read
 * from the server's own file, not by the code that wrote it.
 */
export async function compareStream(root: string, file: string): Promise<readonly string[]> {
  const log = await readLogDirectory(join(root, 'log'));
  const streams = createStreams(file);
  const stored = streams.read(`snapledger-${log.store}`, 0, 'forwards', Number.MAX_SAFE_INTEGER) ?? [];
  streams.close();
  const findings: string[] = [];
  let position = 0;
  for await (const batch of log.read(0))
    for (const envelope of batch) {
      const found = stored[position];
      position += 1;
      if (found === undefined || found.revision !== position - 1 || textOf(found.event) !== expectedText(envelope))
        findings.push(
          `position ${position}: ${expectedText(envelope)} in the log, ${found && textOf(found.event)} in the stream`,
        );
    }
  if (stored.length !== position) findings.push(`${position} events in the log, ${stored.length} in the stream`);
  const ids = new Set(stored.map(({ event }) => event.id));
  if (ids.size !== stored.length) findings.push(`${stored.length} events, but ${ids.size} ids`);
  return findings.slice(0, 5);
}

function expectedText(envelope: Envelope): string {
  const { id, time, type, meta, data } = encodeEnvelope(envelope);
  const { correlation, causation, ...others } = meta;
  return JSON.stringify({ id, time, type, data, others, correlation, causation });
}

function textOf({ type, data, metadata }: StoredEvent): string {
  const parsed = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  const {
    'snapledger.id': id,
    'snapledger.time': time,
    'snapledger.chainHash': _chainHash,
    $correlationId: correlation,
    $causationId: causation,
    ...others
  } = parsed(metadata);
  return JSON.stringify({ id, time, type, data: parsed(data), others, correlation, causation });
}
