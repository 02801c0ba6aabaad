import { errnoName, meaningOf } from './errno.ts';

/** The kind of failure. One table maps it to gRPC statuses and exit codes. */
export type FaultCode =
  /** no space left on the device, or a quota is used up */
  | 'no-space'
  /** the file system can't be written to at present */
  | 'read-only'
  /** no file descriptors or memory left: of the process, or of the machine */
  | 'exhausted'
  /** the file system that was open here does not exist any more */
  | 'stale'
  /** an event exceeds the log's limit */
  | 'too-large'
  /** the disk or the kernel refused: EIO and its like */
  | 'io'
  /** bytes that must be there are damaged, missing or another store's */
  | 'corrupt'
  /** another process holds it */
  | 'busy'
  /** the log accepts no events until a restart */
  | 'stopped'
  /** this machine, kernel or file system can't do it */
  | 'unsupported'
  /** the operator named something that does not exist: a key, a position, a file */
  | 'missing'
  /** the operator's request is invalid: configuration, flags, a wrong directory */
  | 'misuse';

/**
 * An adapter's failure: operation and object (in the message), cause, and a hint what the operator can do.
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

/** The beginning of Node's messages for an error that it has no name for. */
const unnamed = /^(?:UNKNOWN: unknown error|Unknown system error -\d+: Unknown system error -\d+)/;

/** The fault for an error of the operating system; a fault passes through unchanged. */
export function faultOf(error: unknown, what: string, hint = 'check the kernel log (dmesg) and the disk'): Fault {
  if (error instanceof Fault) return error;
  const name = errnoName(error);
  const text = `${what}: ${errorText(error).replace(unnamed, name ?? '$&')}`;
  const meaning = name === undefined ? undefined : meaningOf(name);
  return new Fault(meaning?.fault ?? 'io', text, { hint: meaning?.hint ?? hint, cause: error });
}

/** The fault code of anything thrown. */
export const faultCode = (error: unknown): FaultCode => faultOf(error, '').code;

/** Whether a disk had no space for something: then removals help. */
export const isFull = (error: unknown): boolean => faultCode(error) === 'no-space';

const transient: ReadonlySet<FaultCode> = new Set<FaultCode>(['no-space', 'read-only', 'exhausted', 'too-large']);

/**
 * Whether the cause can end without a restart: space is freed, the file system is mounted read-write, descriptors are closed,
 * the next event is smaller. A log that rejects an append with it has rolled the append back and continues.
 */
export const isTransient = (error: unknown): boolean => transient.has(faultCode(error));

/** The text of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
