import * as t from 'io-ts';
import { blame as blamed, blameRow } from '../../../app/audit/blame.ts';
import { audited } from '../../audited.ts';
import { type Audit, key } from './source.ts';

export const blame: Audit = audited(
  '/blame',
  t.type({ ...key, path: t.string }),
  t.partial({}),
  async (query, { files, layers }) => blameRow(await blamed(files, layers, query)),
);
