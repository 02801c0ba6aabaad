import type { Snapshot } from '../../../projections/snapshot.ts';
import { fieldOf } from './field-of.ts';

/** One term of a filter. */
export type Selector =
  | { readonly path: readonly string[]; readonly operator: 'present' }
  | { readonly path: readonly string[]; readonly operator: '==' | '!='; readonly value: string }
  | { readonly path: readonly string[]; readonly operator: '~='; readonly regex: (text: string) => boolean };

export type Matches = (snapshot: Snapshot) => boolean;

/** The question that a term asks. An absent field counts as empty text for != and ~=, and never equals anything. */
export function createMatcher(selector: Selector): Matches {
  const field = fieldOf(selector.path);
  switch (selector.operator) {
    case 'present':
      return (snapshot) => field(snapshot) !== undefined;
    case '==':
      return (snapshot) => field(snapshot) === selector.value;
    case '!=':
      return (snapshot) => (field(snapshot) ?? '') !== selector.value;
    case '~=':
      return (snapshot) => selector.regex(field(snapshot) ?? '');
  }
}
