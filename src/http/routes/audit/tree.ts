import * as t from 'io-ts';
import { familyRows } from '../../../app/audit/family.ts';
import { stateOfStore } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import { type Audit, at, nothing } from './source.ts';

export const tree: Audit = audited('/tree', nothing, t.partial(at), async (query, { files }) =>
  familyRows(await stateOfStore(files, query.at)),
);
