import { either } from 'fp-ts';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import type { Command, RefusalCode } from '../../src/domain/commands.ts';
import { decide, type Rules } from '../../src/domain/decide.ts';
import { enveloped } from './sample-events.ts';

const usual: Rules = {
  viewsNeedParent: false,
  rebase: true,
  reparent: true,

  flushed: true,
  retain: false,
};

/** The grammar of the decision tests: given these facts, when this command comes, then these facts or this refusal. */
export function given(...events: Event[]) {
  const state = enveloped(events).reduce(evolve, emptyState());
  return {
    when: (command: Command, rules: Partial<Rules> = {}) => {
      const decided = decide(state, command, { ...usual, ...rules });
      return {
        then: (...expected: Event[]) => assert.equal(decided, { events: expected, answer: either.right(undefined) }),
        refused: (code: RefusalCode, text: string) => {
          const { answer, events } = decided;
          assert.ok(either.isLeft(answer), `expected a refusal, found ${JSON.stringify(decided)}`);
          assert.equal(events, []);
          assert.is(answer.left.code, code);
          assert.ok(answer.left.text.includes(text), `${answer.left.text} should contain ${text}`);
        },
      };
    },
  };
}
