import { Fault, type FaultCode } from '../ports/fault.ts';
import { failure, plain, type Route } from './route.ts';

/** What follows from the answers for the database: the fault of one that it could not give, undefined for any that it gave. */
export interface DatabaseObserver {
  readonly database?: (fault: Fault | undefined) => void;
}

/** Faults of the question, or of the setup: the same question gets the same answer later. */
const final: ReadonlySet<FaultCode> = new Set(['misuse', 'missing', 'unsupported']);

/** Whether a database is down, full or overloaded: the same question may be answered later. */
export const isAway = (error: unknown): error is Fault => error instanceof Fault && !final.has(error.code);

/** The route of a question to a database, which answers 503 with the hint while the database is down, full or overloaded. */
export const overDatabase = <S>(route: Route<S & DatabaseObserver>): Route<S & DatabaseObserver> => ({
  ...route,
  answers: { ...route.answers, 503: failure },
  answer: async (request, sources) => {
    try {
      const answer = await route.answer(request, sources);
      sources.database?.(undefined);
      return answer;
    } catch (error) {
      if (!isAway(error)) throw error;
      sources.database?.(error);
      return plain(503, `${error.message}\nhint: ${error.hint}`, { 'retry-after': '10' });
    }
  },
});
