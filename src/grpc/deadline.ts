const milliseconds: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The longest that a timer takes; who waits for weeks may as well wait for ever. */
const longest = 2 ** 31 - 1;

/** How long a caller waits, in milliseconds, by its `grpc-timeout`; undefined for ever. */
export function timeoutOf(header: string | readonly string[] | undefined): number | undefined {
  const [, number, unit = ''] = /^([0-9]{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? [];
  const factor = milliseconds[unit];
  const time = factor === undefined ? longest : Number(number) * factor;
  return time < longest ? Math.ceil(time) : undefined;
}
