import * as t from 'io-ts';
import { whyRow, whySnapshot } from '../../../app/explain/why-snapshot.ts';
import { audited } from '../../audited.ts';
import { type Audit, key } from './source.ts';

export const why: Audit = audited('/why', t.type(key), t.partial({}), async (query, { files }) =>
  whyRow(await whySnapshot(files, query.key)),
);
