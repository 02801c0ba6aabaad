/** What a writer found that can't be: the daemon has answered wrongly. */
export class Contradiction extends Error {}
