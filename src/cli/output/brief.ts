import { plain } from './plain.ts';

/** Text of others fit for a column: as `plain`, and unless `whole` is asked for with digests cut to twelve digits and an ellipsis. */
export function brief(text: string, whole = false): string {
  return whole ? plain(text) : plain(text).replace(/\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}
