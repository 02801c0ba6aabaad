import type { IncomingHttpHeaders } from 'node:http2';
import type { Meta } from '../../events/envelope.ts';

/** What is kept of the caller's headers, and under which name. */
const headers = [
  ['namespace', 'containerd-namespace'],
  ['lease', 'containerd-lease'],
  ['trace', 'traceparent'],
  ['peer', 'user-agent'],
] as const;

/** Longer values, in bytes, are cut: they go into the log with every event. */
const most = 256;

/** Who asks, by the headers of the call; headers that are absent or empty are left out. */
export function actorOf(sent: IncomingHttpHeaders): Meta {
  const actor: Record<string, string> = { actor: 'containerd' };
  for (const [name, header] of headers) {
    const value = sent[header];
    // Header values are bytes, one to a character.
    if (typeof value === 'string' && value !== '') actor[name] = value.slice(0, most);
  }
  return actor;
}
