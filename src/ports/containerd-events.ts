/** One event of containerd's own stream. */
export interface ContainerdEvent {
  readonly topic: string;
  readonly namespace: string;
  /** image, container, snapshot or namespace that it is about */
  readonly name: string;
  /** containerd's time, nanoseconds since 1970 UTC */
  readonly at: bigint;
}

/** Receives containerd's events. */
export interface ContainerdListener {
  event(event: ContainerdEvent): void;
  /** From now on every event is received, or none; it may be called again with the same value. */
  listening(now: boolean): void;
}

/**
 * Listens to containerd's event stream until it is closed. Begins within half a second of containerd's socket appearing, at
 * first and after every restart of containerd; a socket that refuses is asked again with growing pauses. Never throws.
 */
export type WatchContainerd = (listener: ContainerdListener) => { close(): void };
