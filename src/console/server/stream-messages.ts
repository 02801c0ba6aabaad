import { LiveMessage } from '../../app/console/rows.ts';
import type { StreamBody } from '../../http/route.ts';

/** Live messages as an event stream; the id of a message is the position up to which a page has seen all events. */
export function streamMessages(messages: (signal: AbortSignal) => AsyncIterable<LiveMessage>): StreamBody {
  return {
    async *chunks(signal) {
      for await (const message of messages(signal)) yield render(message);
    },
    farewell: (why) => `event: end\ndata: ${JSON.stringify({ error: why })}\n\n`,
  };
}

function render(message: LiveMessage): string {
  const position = positionIn(message);
  const id = position === undefined ? '' : `id: ${position}\n`;
  return `${id}data: ${JSON.stringify(LiveMessage.encode(message))}\n\n`;
}

function positionIn(message: LiveMessage): number | undefined {
  if (message.kind === 'state') return message.position;
  return message.kind === 'events' ? message.to : undefined;
}
