import { faultOf } from '../../../ports/fault.ts';

/** Does a deed; what it throws becomes a Fault that says what was being done. */
export async function guarded<T>(what: string, deed: () => T | Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    throw faultOf(error, what);
  }
}
