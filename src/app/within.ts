/** What `within` answers where the time was over first. */
export const late = Symbol('late');

/** Settles as the work does, or resolves with `late` after so many milliseconds. The work itself goes on, and its outcome is not heard. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), milliseconds);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
