import { defer, type Observable, retry, throwError, timer } from 'rxjs';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import { type Pipeline, type PipelineOptions, type Pipelines, skipping } from './pipeline.ts';
import { Progress } from './pipeline-progress.ts';
import { type RunContext, runFrom } from './pipeline-run.ts';

interface Context {
  readonly journal: RunContext['source'];
  readonly logger: Logger;
  /** told of every failure, by the pipeline's name */
  readonly onFailure?: (name: string) => void;
}

export function createPipelines(context: Context): Pipelines {
  const open = new Set<Pipeline>();
  return {
    start: (options) => {
      const pipeline = startPipeline(options, context, () => open.delete(pipeline));
      open.add(pipeline);
      return pipeline;
    },
    list: () => [...open],
  };
}

function startPipeline(options: PipelineOptions, context: Context, closed: () => void): Pipeline {
  const { name, handle } = options;
  const { journal: source, logger } = context;
  const progress = new Progress(options.after ?? source.durable.position);
  let state: Pipeline['state'] = 'running';
  const delay = (error: unknown) => {
    state = 'pausing';
    return pauseAfter(error, { progress, options, context });
  };
  const running = defer(() => {
    state = 'running';
    return runFrom({ source, progress, handle });
  })
    .pipe(retry({ delay }))
    .subscribe({
      error: (error) => {
        state = 'stopped';
        logger.error({ pipeline: name, position: progress.position + 1, error: errorText(error) }, 'pipeline stopped');
      },
    });
  return {
    name,
    get position() {
      return progress.position;
    },
    get state() {
      return state;
    },
    get lastError() {
      return progress.lastError;
    },
    close: () => {
      running.unsubscribe();
      closed();
    },
  };
}

interface Failing {
  readonly progress: Progress;
  readonly options: PipelineOptions;
  readonly context: Context;
}

/** What the policy says to a failure: a pause, after which it is tried again or passed over; or an end. */
function pauseAfter(error: unknown, { progress, options, context }: Failing): Observable<unknown> {
  const { name, policy = skipping } = options;
  const { logger, onFailure } = context;
  progress.fail(error);
  onFailure?.(name);
  const { position, failures, lastError } = progress;
  const about = { pipeline: name, position: position + 1, failures, error: lastError };
  if (failures <= policy.retries) {
    logger.error(about, 'pipeline failed: it will try again');
    return timer(Math.min(policy.longestPause, policy.firstPause * 2 ** (failures - 1)));
  }
  if (policy.atLast === 'stop') return throwError(() => error);
  logger.error(about, 'pipeline failed: it goes on without this event');
  progress.pass(position + 1);
  return timer(0);
}
