/** What the next append meets instead of a proper answer. */
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

/** What a server does that a real one doesn't do on demand. */
export interface Faults {
  /** the version that the server reports; undefined for one too old to report it */
  version: string | undefined;
  /** milliseconds before every answer to an append */
  delay: number;
  /** bytes that one append may have */
  maxAppendSize: number;
  /** no call is answered */
  silent: boolean;
  /** this node serves no reads that ask for the leader */
  follower: boolean;
  /** Lets the next appends meet these, one each. */
  meet(...faults: readonly AppendFault[]): void;
  /** The fault of the append that comes now. */
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
    meet: (...more) => void coming.push(...more),
    take: () => (faults.silent ? 'silent' : coming.shift()),
    isSilent: () => faults.silent,
    isFollower: () => faults.follower,
  };
  return faults;
}
