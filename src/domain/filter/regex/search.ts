import type { Program } from './compile.ts';

/** Whether the program matches anywhere in the text: all states that are possible at a place are followed at once. */
export function search({ states, start }: Program, text: string): boolean {
  const seen = new Uint32Array(states.length);
  const characters = Array.from(text);
  let current: number[] = [];
  for (let at = 0; at <= characters.length; at += 1) {
    const after = characters[at];
    const next: number[] = [];
    // A match may begin at every place. What is looked at twice at one place gives nothing new.
    const waiting = [start, ...current.reverse()];
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (seen[index] === at + 1) continue;
      seen[index] = at + 1;
      const state = states[index];
      if (state?.type === 'match') return true;
      if (state?.type === 'fork') waiting.push(...state.next);
      else if (state?.type === 'place' && state.holds(characters[at - 1], after)) waiting.push(state.next);
      else if (state?.type === 'character' && after !== undefined && state.accepts(after)) next.push(state.next);
    }
    current = next;
  }
  return false;
}
