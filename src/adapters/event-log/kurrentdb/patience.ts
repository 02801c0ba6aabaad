/** How long is waited, in milliseconds. */
export interface Patience {
  /** for one answer; the cluster's own write timeout is 2 s */
  readonly answer: number;
  /** in all, until a read without an answer fails, or an append that the cluster neither takes nor shows; an election takes seconds */
  readonly outcome: number;
  /** in all, until an append without an answer fails; without end unless set: it is sent again until it is known */
  readonly unanswered: number;
  /** before a call is made again the first time; doubled each time, up to a second */
  readonly pause: number;
  /** until a call without an answer is reported as trouble */
  readonly notice: number;
  /** between two looks at an open stream */
  readonly look: number;
}

export const patient: Patience = {
  answer: 8_000,
  outcome: 30_000,
  unanswered: Number.POSITIVE_INFINITY,
  pause: 50,
  notice: 1_500,
  look: 3_000,
};
