/** Runs what prepares a suite and prints why it fails: uvu counts the tests as failed, but swallows an error of a `before` hook. */
export async function loudly(deed: () => void | Promise<void>): Promise<void> {
  try {
    await deed();
  } catch (error) {
    console.error(error);
    throw error;
  }
}
