import { faultCode } from '../../ports/fault.ts';
import { runCommand } from './run-command.ts';

/** The version of a containerd, as `1.6.20~ds1` or `v2.3.4`; undefined if there is no such program. Rejects with a Fault (`io`) after 10 s. */
export async function containerdVersion(program = 'containerd'): Promise<string | undefined> {
  try {
    const { output } = await runCommand(program, ['--version'], { timeout: 10_000 });
    return /^\S+ \S+ (v?\d\S*)/.exec(output)?.[1];
  } catch (error) {
    if (faultCode(error) === 'unsupported') return undefined;
    throw error;
  }
}
