/** Runs a suite's setup and logs why it fails: uvu counts the tests as failed, but swallows an error of a `before` hook. */
export async function logAndRethrow(setup: () => void | Promise<void>): Promise<void> {
  try {
    await setup();
  } catch (error) {
    console.error(error);
    throw error;
  }
}
