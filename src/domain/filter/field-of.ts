import type { Snapshot } from '../../../projections/snapshot.ts';

/** A snapshot's field, or undefined where it is absent. */
export type ReadField = (snapshot: Snapshot) => string | undefined;

/**
 * The field that containerd's path names: `name`, `parent` (there even if empty), `kind` ("active", "view" or
 * "committed"), `labels.NAME`, with the dots of a label's name as part of the path or quoted. Any other is always absent.
 * What follows name, parent or kind is not looked at.
 */
export function fieldOf([first, ...rest]: readonly string[]): ReadField {
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
