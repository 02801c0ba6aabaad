import { KurrentDBClient } from '@kurrent/kurrentdb-client';

/** Administration of a stream over the client, for the stand-in and a real cluster. */
export interface Administrator {
  /** A soft delete. */
  delete(stream: string): Promise<void>;
  /** Replaces the stream's metadata; `{}` removes every setting. */
  setMetadata(stream: string, metadata: { maxCount?: number; maxAge?: number; truncateBefore?: number }): Promise<void>;
  close(): Promise<void>;
}

export function administratorOf(url: string): Administrator {
  const client = KurrentDBClient.connectionString(url);
  return {
    delete: async (stream) => void (await client.deleteStream(stream)),
    setMetadata: async (stream, metadata) => void (await client.setStreamMetadata(stream, metadata)),
    close: () => client.dispose(),
  };
}
