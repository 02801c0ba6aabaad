import type { IncomingHttpHeaders } from 'node:http2';
import type { Meta } from '../../events/envelope.ts';

/** The headers of a client that are recorded, and their names there. */
const headers = [
  ['namespace', 'containerd-namespace'],
  ['lease', 'containerd-lease'],
  ['trace', 'traceparent'],
  ['peer', 'user-agent'],
] as const;

/** Bytes of a recorded value; longer ones are cut, since they go into the log with every event. */
const maxHeaderLength = 256;

/** The client, by the headers of its call; absent and empty ones are left out. */
export function actorOf(sent: IncomingHttpHeaders): Meta {
  const actor: Record<string, string> = { actor: 'containerd' };
  for (const [name, header] of headers) {
    const value = sent[header];
    // Header values are bytes, one to a character.
    if (typeof value === 'string' && value !== '') actor[name] = value.slice(0, maxHeaderLength);
  }
  return actor;
}
