/** A kind of test: where its files lie, how many of them run at once, and how long one of them may take. */
export interface Suite {
  readonly name: string;
  /** below test/, with a slash at the end for a folder; undefined for all that no other suite claims */
  readonly where?: string;
  readonly width: number;
  readonly limitSeconds: number;
  /** runs a second time on the newer Node */
  readonly newerNode: boolean;
  /** runs only when asked for by name */
  readonly onRequest: boolean;
}

const pure = { width: 2, limitSeconds: 300, newerNode: true, onRequest: false };
const system = { width: 1, limitSeconds: 900, newerNode: false, onRequest: false };

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  { name: 'unit', ...pure },
  { name: 'contract', where: 'contract/', ...pure },
  { name: 'property', where: 'property/', ...pure },
  { name: 'golden', where: 'golden/', ...pure, newerNode: false },
  { name: 'architecture', where: 'architecture', ...pure },
  { name: 'fault', where: 'fault/', ...system, width: 2 },
  { name: 'conformance', where: 'conformance/', ...system, width: 2 },
  { name: 'e2e', where: 'e2e/', ...system },
  { name: 'bench', where: 'bench/', ...system, onRequest: true },
];

/** The suite that a source file below the project's root belongs to. */
export function suiteOf(source: string): Suite {
  const inTest = source.replace(/^test\//, '');
  const claimed = suites.find((suite) => suite.where !== undefined && inTest.startsWith(suite.where));
  const unit = suites[0];
  if (unit === undefined) throw new TypeError('the table of suites is empty');
  return claimed ?? unit;
}
