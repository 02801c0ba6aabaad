import { errorText, Fault } from '../../../ports/fault.ts';
import { timedOut, withTimeout } from '../../../ports/promises.ts';
import { type Connection, connect, meaningOf } from './connect.ts';

interface ReconnectingClientOptions {
  readonly url: string;
  /** cluster and stream, for messages */
  readonly where: string;
  /** milliseconds for one answer */
  readonly timeout: number;
}

/**
 * The connection to a cluster, opened by the first call. A connection that was lost or got no answer is dropped: the next call
 * opens another one, which finds the current leader.
 */
export class ReconnectingClient {
  readonly #options: ReconnectingClientOptions;
  #connection: Promise<Connection> | undefined;
  #closed = false;
  #lastError: unknown;

  constructor(options: ReconnectingClientOptions) {
    this.#options = options;
  }

  /** The error of the last failed call since `forgetError`; undefined for none. */
  get lastError(): unknown {
    return this.#lastError;
  }

  forgetError(): void {
    this.#lastError = undefined;
  }

  /** One try. Rejects with the client's error, or with a Fault: `stopped` after `close`, `misuse` for an invalid connection string. */
  async call<T>(operation: (connection: Connection) => Promise<T>): Promise<T> {
    const { where, timeout } = this.#options;
    if (this.#closed) throw new Fault('stopped', `${where}: is closed`, { hint: 'open it again' });
    try {
      // The client's own deadlines do not hold.
      const answer = await withTimeout(timeout, this.#connected().then(operation));
      if (answer === timedOut) throw new Error(`no answer within ${timeout} ms`);
      return answer;
    } catch (error) {
      this.#lastError = error;
      if (meaningOf(error, where).kind === 'unknown') this.#drop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection?.then((connection) => connection.close()).catch(() => {});
  }

  #connected(): Promise<Connection> {
    this.#connection ??= connect(this.#options.url).catch((error) => {
      throw new Fault('misuse', `connection string of the cluster: ${errorText(error)}`, {
        hint: 'correct it',
        cause: error,
      });
    });
    return this.#connection;
  }

  #drop(): void {
    void this.#connection?.then((old) => old.close()).catch(() => {});
    this.#connection = undefined;
  }
}
