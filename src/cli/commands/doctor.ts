import type { Command } from 'commander';
import { type Finding, type Outcome, runChecks, type Status, worst } from '../../app/doctor/check.ts';
import { checks } from '../../app/doctor/checks.ts';
import type { CliDeps, DoctorOptions } from '../cli-deps.ts';
import { jsonOption, path, storeCommand } from '../options.ts';
import { type Colour, colourless, createPaint, type Paint, print } from '../output/print.ts';
import { plain } from '../output/text.ts';

interface Options extends DoctorOptions {
  readonly json?: boolean;
}

/** 0 nothing wrong, 1 errors, 5 warnings only: 2 to 4 have meanings of their own. */
const statuses = { ok: 0, warning: 5, error: 1 } as const;

/** Checks the machine, the settings and containerd, and sets the exit status. */
export function addDoctor(program: Command, deps: CliDeps): void {
  storeCommand(program, 'doctor', 'check this machine, the settings and containerd, and say how to fix what is wrong')
    .option('--containerd <version>', 'check for this version, as before an upgrade; default: that of this machine')
    .option('--main <file>', "containerd's main file", path)
    .addOption(jsonOption('one check a line'))
    .action(async ({ json, ...options }: Options) => {
      const outcomes = runChecks(checks, await deps.doctorFacts(options));
      print(json === true ? outcomes.map((outcome) => JSON.stringify(outcome)) : doctorLines(outcomes, createPaint()));
      process.exitCode = statuses[worst(outcomes.flatMap(({ findings }) => findings))];
    });
}

const colours: Readonly<Record<Status, Colour>> = {
  ok: 'green',
  warning: 'yellow',
  error: 'red',
  'not checked': 'dim',
};

/** A line a check, its findings below it, and the verdict. */
export function doctorLines(outcomes: readonly Outcome[], paint: Paint = colourless): readonly string[] {
  const width = Math.max(...outcomes.map(({ check }) => check.length));
  const lines = outcomes.flatMap(({ check, status, inspected, findings }) => [
    `${check.padEnd(width)}  ${paint(status.padEnd('not checked'.length), colours[status])}  ${plain(inspected)}`,
    ...findings.flatMap(({ text, fix }) => [`  ${plain(text)}`, `    -> ${plain(fix)}`]),
  ]);
  return [...lines, `doctor: ${verdict(outcomes.flatMap(({ findings }) => findings))}`];
}

function verdict(findings: readonly Finding[]): string {
  const counted = (['error', 'warning'] as const).flatMap((level) => {
    const count = findings.filter((finding) => finding.level === level).length;
    return count === 0 ? [] : [`${count} ${level}${count === 1 ? '' : 's'}`];
  });
  return counted.length === 0 ? 'nothing is wrong' : counted.join(', ');
}
