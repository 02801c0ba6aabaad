import * as t from 'io-ts';
import { listSnapshots } from '../../../app/audit/list-snapshots.ts';
import { snapshotRow } from '../../../app/audit/snapshot-row.ts';
import { stateOfStore } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import { Texts } from '../../decode-query.ts';
import { type Audit, at, nothing } from './source.ts';

/** What the command `ls` says. */
export const snapshots: Audit = audited(
  '/snapshots',
  nothing,
  t.partial({ ...at, filter: Texts }),
  async (query, { files }) => {
    const state = await stateOfStore(files, query.at);
    return listSnapshots(state, query.filter ?? []).map((one) => snapshotRow(state, one));
  },
);
