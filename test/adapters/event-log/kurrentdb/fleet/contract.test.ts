import { suite } from 'uvu';
import { fleetSourceContract } from '../../../../contract/fleet-source.contract.ts';
import { startStandIn } from '../../../../support/kurrent/stand-in.ts';
import { createSandbox } from '../../../../support/sandbox.ts';
import { fleetSubjectOn } from './subject.ts';

const sandbox = createSandbox('fleet-source');

const test = suite('the fleet source against the stand-in');
test.after(() => sandbox.close());
fleetSourceContract(test, async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  return fleetSubjectOn(standIn.url);
});
test.run();
