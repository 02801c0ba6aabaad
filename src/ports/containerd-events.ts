/** One event of containerd's own stream. */
export interface ContainerdEvent {
  readonly topic: string;
  readonly namespace: string;
  /** image, container, snapshot or namespace that it is about */
  readonly name: string;
  /** containerd's time, nanoseconds since 1970 UTC */
  readonly at: bigint;
}

/** Who is told what containerd says. */
export interface ContainerdListener {
  event(event: ContainerdEvent): void;
  /** The stream has begun, or has ended; it is then asked for again. */
  watching(now: boolean): void;
}

/** Listens to containerd's event stream until it is closed, with growing pauses where containerd can't be reached. Never throws. */
export type WatchContainerd = (listener: ContainerdListener) => { close(): void };
