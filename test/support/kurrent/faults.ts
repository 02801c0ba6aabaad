/** What an append gets instead of its answer. */
export type AppendFault =
  /** nothing is written, no answer */
  | 'silent'
  /** it is written, no answer */
  | 'unanswered'
  /** nothing is written, the connection is cut */
  | 'cut'
  /** it is written, then the connection is cut */
  | 'written-and-cut'
  /** "wrong expected version", without any reason */
  | 'conflict'
  /** the node says that another one is the leader */
  | 'not-leader';

/** Faults that a real server does not show on demand. */
export interface Faults {
  /** the version that the server reports; undefined for one too old to report it */
  version: string | undefined;
  /** milliseconds before every answer to an append */
  delay: number;
  /** the maximum size of an append, bytes */
  maxAppendSize: number;
  /** no call is answered */
  silent: boolean;
  /** this node refuses reads that require the leader */
  follower: boolean;
  /** no user may read `$all` */
  allDenied: boolean;
  /** pages of `$all` are not answered, as those that pass over much else */
  slowPages: boolean;
  /** events that subscriptions have delivered */
  delivered: number;
  /** events that subscriptions deliver until every connection is cut; undefined for no end */
  cutAfter: number | undefined;
  /** Applies these to the next appends, one each. */
  meet(...faults: readonly AppendFault[]): void;
  /** The fault of the next append. */
  take(): AppendFault | undefined;
  isSilent(): boolean;
  isFollower(): boolean;
}

export function createFaults(): Faults {
  const coming: AppendFault[] = [];
  const faults: Faults = {
    version: '23.10.7',
    delay: 0,
    maxAppendSize: 1_048_576,
    silent: false,
    follower: false,
    allDenied: false,
    slowPages: false,
    delivered: 0,
    cutAfter: undefined,
    meet: (...more) => void coming.push(...more),
    take: () => (faults.silent ? 'silent' : coming.shift()),
    isSilent: () => faults.silent,
    isFollower: () => faults.follower,
  };
  return faults;
}
