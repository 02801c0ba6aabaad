import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { Fault } from '../ports/fault.ts';

/** One JSON object a line, on standard error unless told otherwise. Written at once: nothing is lost when the process dies. */
export function createLogger(level: string, stream: DestinationStream = standardError()): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream,
  );
}

function standardError(): DestinationStream {
  const stream = destination({ dest: 2, sync: true });
  // The reader of the log may go away: the daemon continues without it.
  stream.on('error', () => {});
  return stream;
}

/** An error as fields: a fault with its code and hint, causes down to the first. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = (error as NodeJS.ErrnoException).code;
  return {
    type: name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(error instanceof Fault ? { hint: error.hint } : { stack }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}
