import * as t from 'io-ts';
import { Whole } from '../../../events/codecs.ts';

/** An action of the reconciler, as `POST /reconcile` answers it. */
export const ActionRow = t.intersection(
  [t.strict({ type: t.string, why: t.string }), t.partial({ id: Whole, path: t.string, key: t.string })],
  'Action',
);

/** A restored layer, as `POST /restore` answers it. */
export const RestoredRow = t.strict({ id: Whole, key: t.string }, 'Restored');
