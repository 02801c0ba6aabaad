import { type Reach, type Step, steps, unhindered } from '../../ports/failpoints.ts';
import { Fault, faultOf } from '../../ports/fault.ts';

/** The variable that makes steps of a daemon fail, for tests: `step=action` or `step=action@N`, joined by semicolons. */
export const failpointsVariable = 'SNAPLEDGER_FAILPOINTS';

/** One step of a daemon that is to go wrong. */
export interface Failpoint {
  readonly step: Step;
  /** `kill` ends the process at once: nothing runs after it, not even a pending write */
  readonly action: keyof typeof actions;
  /** the time at which the step is reached, counted from 1; undefined for every time */
  readonly at: number | undefined;
}

const errorNumbers = { EIO: 'input/output error', ENOSPC: 'no space left on device' } as const;

const actions = {
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  'error(EIO)': (step: Step) => fail(step, 'EIO'),
  'error(ENOSPC)': (step: Step) => fail(step, 'ENOSPC'),
} as const;

function fail(step: Step, code: keyof typeof errorNumbers): never {
  throw faultOf(Object.assign(new Error(`${code}: ${errorNumbers[code]}, ${step}`), { code }), 'failpoint');
}

/** Reads the variable's text. Throws a Fault (`misuse`) that lists the steps or the actions. */
export function parseFailpoints(text: string): readonly Failpoint[] {
  return text
    .split(';')
    .filter((part) => part.trim() !== '')
    .map(parseFailpoint);
}

function parseFailpoint(part: string): Failpoint {
  const [, step = '', action = '', at] = /^([^=]*)=([^@]*)(?:@([1-9][0-9]*))?$/.exec(part.trim()) ?? [];
  if (!isStep(step)) throw misuse(`${JSON.stringify(part)} names no step`, `the steps are ${steps.join(', ')}`);
  if (!isAction(action))
    throw misuse(`${part}: unknown action`, `the actions are ${Object.keys(actions).join(', ')}, each with @N at will`);
  return { step, action, at: at === undefined ? undefined : Number(at) };
}

const isStep = (text: string): text is Step => steps.some((step) => step === text);
const isAction = (text: string): text is keyof typeof actions => Object.hasOwn(actions, text);
const misuse = (what: string, hint: string) => new Fault('misuse', `${failpointsVariable}: ${what}`, { hint });

/** Makes the steps fail that a text names, and lets all others go on; with no text none fails. */
export function createFailpoints(text = ''): Reach {
  const failpoints = parseFailpoints(text);
  if (failpoints.length === 0) return unhindered;
  const reached = new Map<Step, number>();
  return (step) => {
    const count = (reached.get(step) ?? 0) + 1;
    reached.set(step, count);
    for (const { step: wanted, action, at } of failpoints)
      if (wanted === step && (at === undefined || at === count)) actions[action](step);
  };
}
