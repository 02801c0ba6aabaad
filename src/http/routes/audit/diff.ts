import * as t from 'io-ts';
import { changeRow, difference } from '../../../app/audit/difference.ts';
import { stateOfStore } from '../../../app/audit/state-at.ts';
import { audited } from '../../audited.ts';
import type { Audit } from './source.ts';

export const diff: Audit = audited(
  '/diff',
  t.type({ from: t.string }),
  t.partial({ to: t.string }),
  async (query, { files }) =>
    difference(await stateOfStore(files, query.from), await stateOfStore(files, query.to)).map(changeRow),
);
