import { type ErrnoName, errnoError, errnoNames } from '../../ports/errno.ts';
import { type Failpoint, noFailpoints, type Step, steps } from '../../ports/failpoints.ts';
import { Fault, faultOf } from '../../ports/fault.ts';

/** The variable that makes steps of a daemon fail in tests: `step=action` or `step=action@N`, joined by semicolons. */
export const failpointsVariable = 'SNAPLEDGER_FAILPOINTS';

/** One step of a daemon that fails. */
interface FailpointRule {
  readonly step: Step;
  /** `kill` ends the process at once: nothing runs after it, not even a pending write */
  readonly action: Action;
  /** the time at which the step is reached, counted from 1; undefined for every time */
  readonly at: number | undefined;
}

export type Action = 'kill' | `error(${ErrnoName})`;

const actions: ReadonlyMap<string, (step: Step) => void> = new Map([
  ['kill', () => void process.kill(process.pid, 'SIGKILL')],
  ...errnoNames.map((name): [Action, (step: Step) => void] => [`error(${name})`, (step) => fail(step, name)]),
]);

function fail(step: Step, name: ErrnoName): never {
  throw faultOf(errnoError(name, `${name}, ${step}`), 'failpoint');
}

/** Reads the variable's text. Throws a Fault (`misuse`) that lists the steps or the actions. */
export function parseFailpoints(text: string): readonly FailpointRule[] {
  return text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map(parseFailpoint);
}

function parseFailpoint(part: string): FailpointRule {
  const [, step = '', action = '', at] = /^([^=]*)=([^@]*)(?:@([1-9][0-9]*))?$/.exec(part.trim()) ?? [];
  if (!isStep(step)) throw misuse(`${JSON.stringify(part)} names no step`, `the steps are ${steps.join(', ')}`);
  if (!isAction(action))
    throw misuse(`${part}: unknown action`, `the actions are ${[...actions.keys()].join(', ')}, each with @N at will`);
  return { step, action, at: at === undefined ? undefined : Number(at) };
}

const isStep = (text: string): text is Step => steps.some((step) => step === text);
const isAction = (text: string): text is Action => actions.has(text);
const misuse = (what: string, hint: string) => new Fault('misuse', `${failpointsVariable}: ${what}`, { hint });

/** Makes the steps fail that a text names. Without a text no step fails. */
export function createFailpoints(text = ''): Failpoint {
  const failpoints = parseFailpoints(text);
  if (failpoints.length === 0) return noFailpoints;
  const reached = new Map<Step, number>();
  return (step) => {
    const count = (reached.get(step) ?? 0) + 1;
    reached.set(step, count);
    for (const { step: wanted, action, at } of failpoints)
      if (wanted === step && (at === undefined || at === count)) actions.get(action)?.(step);
  };
}
