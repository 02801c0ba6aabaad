import type { Snapshot } from '../../../projections/snapshot.ts';

/** One term of a filter. */
export type Selector =
  | { readonly path: readonly string[]; readonly operator: 'present' }
  | { readonly path: readonly string[]; readonly operator: '==' | '!='; readonly value: string }
  | { readonly path: readonly string[]; readonly operator: '~='; readonly regex: (text: string) => boolean };

export type Matches = (snapshot: Snapshot) => boolean;

/** The test of a term. An absent field counts as empty text for != and ~=, and never equals anything. */
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

/** A snapshot's field, or undefined if it is absent. */
type ReadField = (snapshot: Snapshot) => string | undefined;

/**
 * The field that containerd's path names: `name`, `parent` (present even if empty), `kind` ("active", "view" or
 * "committed"), `labels.NAME`, with the dots of a label's name as part of the path or quoted. Any other is always absent.
 * What follows name, parent or kind is ignored.
 */
function fieldOf([first, ...rest]: readonly string[]): ReadField {
  switch (first) {
    case 'name':
      return (snapshot) => snapshot.key;
    case 'parent':
      return (snapshot) => snapshot.parent;
    case 'kind':
      return (snapshot) => snapshot.kind;
    case 'labels': {
      const name = rest.join('.');
      return ({ labels }) => (Object.hasOwn(labels, name) ? labels[name] : undefined);
    }
    default:
      return () => undefined;
  }
}
