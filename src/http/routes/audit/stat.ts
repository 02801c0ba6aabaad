import * as t from 'io-ts';
import { findSnapshot, statRow } from '../../../app/audit/find-snapshot.ts';
import { stateOfStore } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import { type Audit, at, key } from './source.ts';

export const stat: Audit = audited('/stat', t.type(key), t.partial(at), async (query, { files }) => {
  const state = await stateOfStore(files, query.at);
  return statRow(state, findSnapshot(state, query.key));
});
