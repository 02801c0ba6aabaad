/** Does the same for all items, at most `width` at a time. Rejects with the first failure, after which none is begun. */
export async function inTurn<T>(items: readonly T[], width: number, deed: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await deed(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
