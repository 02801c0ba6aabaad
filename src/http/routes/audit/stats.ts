import * as t from 'io-ts';
import { statsOfStore, statsRow } from '../../../app/audit/store-stats.ts';
import { audited } from '../../audited.ts';
import { type Audit, at, nothing } from './source.ts';

export const stats: Audit = audited('/stats', nothing, t.partial(at), async (query, { files }) =>
  statsRow(await statsOfStore(files, query.at)),
);
