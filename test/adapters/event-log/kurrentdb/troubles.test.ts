import { startStandIn } from '../../../support/kurrent/stand-in.ts';
import { troublesContract } from './troubles.contract.ts';

troublesContract('a log on a stand-in', async (sandbox) => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  return standIn.url;
});
