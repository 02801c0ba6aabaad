import { KurrentDBClient } from '@kurrent/kurrentdb-client';

/** What an administrator of a cluster may do to a stream, over the client: to a stand-in as to a real one. */
export interface Administrator {
  /** A soft delete. */
  delete(stream: string): Promise<void>;
  /** Replaces the stream's metadata; `{}` takes every setting away. */
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
