/** An image of containerd: a name for content. */
export interface ContainerdImage {
  readonly namespace: string;
  readonly name: string;
  /** digest of what the name points to: an index, or the manifest of one platform */
  readonly target: string;
  /** when the name was created, and last updated: nanoseconds since 1970 UTC, 0 if unknown */
  readonly created: bigint;
  readonly updated: bigint;
}

/** containerd's images and its content. Every call rejects after 10 s at the latest, and if containerd does not answer. */
export interface ContainerdImages {
  /** All images of all namespaces. */
  list(): Promise<readonly ContainerdImage[]>;
  get(namespace: string, name: string): Promise<ContainerdImage | undefined>;
  /**
   * The content of a digest as a namespace sees it; undefined if it is missing there or longer than `limit` bytes. Rejects with a Fault
   * (`corrupt`) if containerd answers that it can't read it, or not in time.
   */
  read(namespace: string, digest: string, limit: number): Promise<Buffer | undefined>;
  close(): void;
}

/** Connects anew: a containerd that was restarted is reached at once. */
export type AskContainerd = () => ContainerdImages;
