/** What failed, in the words of the table that maps faults to gRPC statuses and exit codes. */
export type FaultCode =
  /** no room left on the device */
  | 'no-space'
  /** the disk or the kernel refused: EIO and its like */
  | 'io'
  /** bytes that must be there are damaged, missing or another store's */
  | 'corrupt'
  /** another process holds it */
  | 'busy'
  /** the log has stopped taking events until a restart */
  | 'stopped'
  /** this machine, kernel or file system can't do it */
  | 'unsupported'
  /** the operator asked for a thing that is not there: a key, a position, a file */
  | 'missing'
  /** the operator asked for something that makes no sense: configuration, flags, a wrong directory */
  | 'misuse';

/**
 * An adapter's failure: what, where (both in the message), why (`cause`) and what the operator can do (`hint`).
 * A refusal, the domain's own "no", is never a fault.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string;

  constructor(code: FaultCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.hint = options.hint;
  }
}

const full = new Set(['ENOSPC', 'EDQUOT']);
const unable = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY']);

/** The fault for an error of the operating system; a fault passes through unchanged. */
export function faultOf(error: unknown, what: string, hint = 'look at the kernel log (dmesg) and the disk'): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const text = `${what}: ${message ?? String(error)}`;
  if (code !== undefined && full.has(code))
    return new Fault('no-space', text, { hint: 'free space: remove snapshots or grow the file system', cause: error });
  if (code !== undefined && unable.has(code)) return new Fault('unsupported', text, { hint, cause: error });
  return new Fault('io', text, { hint, cause: error });
}

/** The text of anything thrown, with its code where it has one. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
