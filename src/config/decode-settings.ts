import * as either from 'fp-ts/lib/Either.js';
import { decodeWith } from '../../events/codecs.ts';
import { Settings } from './settings.ts';
import { unknownKey } from './unknown-key.ts';

/** Settings of a file or a command line, or the first thing that is wrong with them: where, what was expected, what stood there. */
export function decodeSettings(input: unknown): either.Either<string, Settings> {
  const unknown = unknownKey(Settings, input);
  return unknown === undefined ? decodeWith(Settings, input) : either.left(unknown);
}
