/** What fails: containerd does not answer questions about its images, or content of an image can't be read. */
export type TroubleKind = 'containerd' | 'content';

/** Failures of looks at containerd's images. */
export interface ImageTrouble {
  /** Counts a failure. `what`: the image, for `content`. */
  fails(kind: TroubleKind, error: unknown, what?: string): void;
  works(kind: TroubleKind, what?: string): void;
}

export interface TroubleReport {
  /** at each failure */
  count(kind: TroubleKind): void;
  /** at the first failure since all worked; `what` is the image, or empty */
  begins(kind: TroubleKind, error: unknown, what: string): void;
  /** when everything that failed works again, or is gone */
  ends(kind: TroubleKind): void;
}

/** Reports the changes from working to failing and back, of each kind, so that no retry repeats a message. */
export function createImageTrouble(report: TroubleReport): ImageTrouble {
  const failing = { containerd: new Set<string>(), content: new Set<string>() };
  return {
    fails: (kind, error, what = '') => {
      report.count(kind);
      if (failing[kind].size === 0) report.begins(kind, error, what);
      failing[kind].add(what);
    },
    works: (kind, what = '') => {
      if (failing[kind].delete(what) && failing[kind].size === 0) report.ends(kind);
    },
  };
}
