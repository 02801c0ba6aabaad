import { run } from './run.ts';

const script = `
  chdir $ARGV[0] or die $!;
  for (1..60) { my $name = "x" x 200; mkdir $name or die $!; chdir $name or die $!; }
  open(my $file, ">", "file") or die $!;`;

/** Creates 60 nested directories with a file in the last: the path has 12,000 bytes, beyond PATH_MAX (4,096). */
export async function makeDeep(root: string): Promise<void> {
  await run('perl', ['-e', script, root]);
}
