import { SyntaxFault } from '../syntax-fault.ts';
import type { Accepts, Holds, Tree } from './tree.ts';

/** A state of the automaton. `next` are places in the program, all to be tried. */
export type State =
  | { readonly type: 'character'; readonly accepts: Accepts; readonly next: number }
  | { readonly type: 'place'; readonly holds: Holds; readonly next: number }
  | { readonly type: 'fork'; readonly next: readonly number[] }
  | { readonly type: 'match' };

export interface Program {
  readonly states: readonly State[];
  readonly start: number;
}

/** More states are refused: a search takes as many steps for each character. A repeat of n counts n times. */
const most = 2_000;
/** Repeats of nothing make no states, but nested they would make work without end. */
const mostWork = 100_000;

/** Built from its end: every part is given the state that follows it and returns the state that it begins with. */
export function compile(tree: Tree): Program {
  const states: State[] = [];
  const add = (state: State): number => {
    if (states.length >= most) throw new SyntaxFault(0, 'too large');
    return states.push(state) - 1;
  };
  let work = 0;
  const build = (part: Tree, next: number): number => {
    work += 1;
    if (work > mostWork) throw new SyntaxFault(0, 'too large');
    switch (part.type) {
      case 'character':
        return add({ type: 'character', accepts: part.accepts, next });
      case 'place':
        return add({ type: 'place', holds: part.holds, next });
      case 'sequence':
        return part.parts.reduceRight((after, each) => build(each, after), next);
      case 'choice':
        return add({ type: 'fork', next: part.options.map((option) => build(option, next)) });
      case 'repeat':
        return repeat(part, next);
    }
  };
  const repeat = ({ part, min, max }: Extract<Tree, { type: 'repeat' }>, next: number): number => {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const ways = [next];
      start = add({ type: 'fork', next: ways });
      ways.push(build(part, start));
    } else for (let n = min; n < max; n += 1) start = add({ type: 'fork', next: [next, build(part, start)] });
    for (let n = 0; n < min; n += 1) start = build(part, start);
    return start;
  };
  return { start: build(tree, add({ type: 'match' })), states };
}
