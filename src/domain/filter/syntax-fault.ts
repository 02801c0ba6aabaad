/** Where a filter or a regular expression stops making sense, and why. Never leaves this folder: it becomes a refusal. */
export class SyntaxFault extends Error {
  /** offset in UTF-16 units of the text that was parsed */
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'SyntaxFault';
    this.offset = offset;
  }
}
