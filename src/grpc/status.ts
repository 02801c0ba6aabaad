import { status } from '@grpc/grpc-js';
import type { Refusal, RefusalCode } from '../domain/refusal.ts';
import { errorText, Fault, type FaultCode } from '../ports/fault.ts';

/** How a call failed, as gRPC says it. */
export interface CallStatus {
  readonly code: status;
  readonly details: string;
}

/** The one table of what refusals and faults are in gRPC. */
const table: Readonly<Record<RefusalCode | FaultCode, status>> = {
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'invalid-argument': status.INVALID_ARGUMENT,
  'failed-precondition': status.FAILED_PRECONDITION,
  unimplemented: status.UNIMPLEMENTED,
  'no-space': status.RESOURCE_EXHAUSTED,
  io: status.INTERNAL,
  corrupt: status.DATA_LOSS,
  busy: status.UNAVAILABLE,
  stopped: status.UNAVAILABLE,
  unsupported: status.UNIMPLEMENTED,
  missing: status.NOT_FOUND,
  misuse: status.INVALID_ARGUMENT,
};

export function refusalStatus({ code, text }: Refusal): CallStatus {
  return { code: table[code], details: readable(text) };
}

/** A fault tells its hint too; anything else that was thrown is an internal error. */
export function errorStatus(error: unknown): CallStatus {
  if (!(error instanceof Fault)) return { code: status.INTERNAL, details: readable(errorText(error)) };
  return { code: table[error.code], details: readable(`${error.message} (${error.hint})`) };
}

/** Status messages travel as a header: of long ones the middle is left out. */
const most = 2_000;

function readable(text: string): string {
  const short = text.length <= most ? text : `${text.slice(0, most - 500)} ... ${text.slice(-500)}`;
  // grpc-js throws on halves of surrogate pairs, which a cut or a foreign error may leave.
  return Buffer.from(short, 'utf8').toString('utf8');
}
