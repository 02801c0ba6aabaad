/** How long is waited, in milliseconds. */
export interface Patience {
  /** for one answer; the cluster's own write timeout is 2 s */
  readonly answer: number;
  /** in all, until an outcome that stays unknown counts as such; an election takes seconds */
  readonly outcome: number;
  /** before a call is made again the first time; doubled each time, up to a second */
  readonly pause: number;
}

export const patient: Patience = { answer: 8_000, outcome: 30_000, pause: 50 };
