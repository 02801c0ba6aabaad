import { Fault } from '../../../ports/fault.ts';
import { type KurrentEventLogOptions, readKurrentStream } from './open-kurrent-event-log.ts';

/** What a stream shows when every event of it is checked. */
export interface StreamInspection {
  readonly records: number;
  /** the last whole event's position */
  readonly position: number;
  readonly damage: readonly { readonly text: string; readonly hint: string }[];
}

/** Reads a store's whole stream and checks that each event is as it was written and follows from the one before. */
export async function inspectStream(options: Pick<KurrentEventLogOptions, 'url' | 'store'>): Promise<StreamInspection> {
  let position = 0;
  try {
    const stream = await readKurrentStream(options);
    try {
      for await (const page of stream.read(0)) position = page.at(-1)?.position ?? position;
      if (stream.gone !== undefined) {
        const { message: text, hint } = stream.gone.fault;
        return { records: position - stream.gone.upTo, position, damage: [{ text, hint }] };
      }
    } finally {
      await stream.close();
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'corrupt') throw error;
    return { records: position, position, damage: [{ text: error.message, hint: error.hint }] };
  }
  return { records: position, position, damage: [] };
}
