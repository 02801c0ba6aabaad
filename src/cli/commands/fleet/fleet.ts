import type { Command } from 'commander';
import type { CliDeps } from '../../cli-deps.ts';
import { addFleetForget } from './forget.ts';
import { addFleetIndex } from './index-fleet.ts';
import { addFleetQuestions } from './questions.ts';
import { addFleetServe } from './serve.ts';

/** The group of commands about all nodes. */
export function addFleet(program: Command, deps: CliDeps): void {
  const fleet = program.command('fleet').description('ask about all nodes at once, and index their events');
  addFleetIndex(fleet, deps);
  addFleetQuestions(fleet, deps);
  addFleetServe(fleet, deps);
  addFleetForget(fleet, deps);
}
