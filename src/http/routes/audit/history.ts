import * as t from 'io-ts';
import { historyOf } from '../../../app/audit/history.ts';
import { historyRow } from '../../../app/audit/history-row.ts';
import { wallClock } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import { type Audit, key } from './source.ts';

export const history: Audit = audited('/history', t.type(key), t.partial({}), async (query, { files }) =>
  (await historyOf(files, query.key, wallClock())).map(historyRow),
);
