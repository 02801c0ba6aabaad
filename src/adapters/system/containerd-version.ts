import { faultCode } from '../../ports/fault.ts';
import { runCommand } from './run-command.ts';

/** The version of this machine's containerd, as `1.6.20~ds1` or `v2.3.4`; undefined if there is none. */
export async function containerdVersion(): Promise<string | undefined> {
  try {
    const { output } = await runCommand('containerd', ['--version']);
    return /^\S+ \S+ (v?\d\S*)/.exec(output)?.[1];
  } catch (error) {
    if (faultCode(error) === 'unsupported') return undefined;
    throw error;
  }
}
