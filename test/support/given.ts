import { either } from 'fp-ts';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import type { Command } from '../../src/domain/commands.ts';
import { decide, type Rules } from '../../src/domain/decide.ts';
import type { RefusalCode } from '../../src/domain/refusal.ts';
import { enveloped } from './sample-events.ts';

const usual: Rules = { viewsNeedParent: false, rebase: true, flushed: true, retain: false };

/** The grammar of the decision tests: given these facts, when this command comes, then these facts or this refusal. */
export function given(...events: Event[]) {
  const state = enveloped(events).reduce(evolve, emptyState());
  return {
    when: (command: Command, rules: Partial<Rules> = {}) => {
      const decided = decide(state, command, { ...usual, ...rules });
      return {
        then: (...expected: Event[]) => assert.equal(decided, either.right(expected)),
        refused: (code: RefusalCode, text: string) => {
          assert.ok(either.isLeft(decided), `expected a refusal, found ${JSON.stringify(decided)}`);
          assert.is(decided.left.code, code);
          assert.ok(decided.left.text.includes(text), `${decided.left.text} should contain ${text}`);
        },
      };
    },
  };
}
