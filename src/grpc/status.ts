import type { Refusal, RefusalCode } from '../domain/commands.ts';
import { errorText, Fault, type FaultCode } from '../ports/fault.ts';

/** How a call failed, as gRPC says it. */
export interface CallStatus {
  readonly code: StatusCode;
  readonly details: string;
}

/** The one table of what refusals and faults are in gRPC. */
const table: Readonly<Record<RefusalCode | FaultCode, StatusCode>> = {
  'not-found': 'NOT_FOUND',
  'already-exists': 'ALREADY_EXISTS',
  'invalid-argument': 'INVALID_ARGUMENT',
  'failed-precondition': 'FAILED_PRECONDITION',
  unimplemented: 'UNIMPLEMENTED',
  'no-space': 'RESOURCE_EXHAUSTED',
  exhausted: 'RESOURCE_EXHAUSTED',
  'too-large': 'RESOURCE_EXHAUSTED',
  'read-only': 'UNAVAILABLE',
  stale: 'UNAVAILABLE',
  io: 'INTERNAL',
  corrupt: 'DATA_LOSS',
  busy: 'UNAVAILABLE',
  stopped: 'UNAVAILABLE',
  unsupported: 'UNIMPLEMENTED',
  missing: 'NOT_FOUND',
  misuse: 'INVALID_ARGUMENT',
};

export function refusalStatus({ code, text }: Refusal): CallStatus {
  return { code: table[code], details: readable(text) };
}

/** A fault tells its hint too; anything else that was thrown is an internal error. */
export function errorStatus(error: unknown): CallStatus {
  if (!(error instanceof Fault)) return { code: 'INTERNAL', details: readable(errorText(error)) };
  return { code: table[error.code], details: readable(`${error.message} (${error.hint})`) };
}

/** Status messages travel as a header: of long ones the middle is left out. */
const maxDetailsLength = 2_000;

function readable(text: string): string {
  const short =
    text.length <= maxDetailsLength ? text : `${text.slice(0, maxDetailsLength - 500)} ... ${text.slice(-500)}`;
  // Halves of surrogate pairs, which a cut or a foreign error may leave, can't be encoded.
  return Buffer.from(short, 'utf8').toString('utf8');
}

/** The numbers of gRPC's statuses, as far as they are answered here. */
export const statusCodes = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
} as const;

/** A status by its name. */
export type StatusCode = keyof typeof statusCodes;
