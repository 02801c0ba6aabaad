import * as assert from 'uvu/assert';
import { Fault } from '../../src/ports/fault.ts';

/** The Fault that a promise rejects with; anything else fails the test. */
export async function caughtFault(promise: Promise<unknown>): Promise<Fault> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, Fault);
    return error as Fault;
  }
  return assert.unreachable('no fault') as never;
}
