import * as t from 'io-ts';
import { listRetained, retainedRow } from '../../../app/audit/list-retained.ts';
import { stateOfStore } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import { type Audit, at, nothing } from './source.ts';

/** What the command `restore` says without a name. */
export const retained: Audit = audited('/retained', nothing, t.partial(at), async (query, { files }) => {
  const state = await stateOfStore(files, query.at);
  return listRetained(state).map((one) => retainedRow(state, one));
});
