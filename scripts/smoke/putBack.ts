import type { Answer, Ask } from "./exchange.ts"
import type { Run } from "./run.ts"

/** Puts everything back as it was before the run. Returns what could not be put back, each as a sentence. */
export const putBack = async (
  { emulator, keeper }: Run,
  send: (ask: Ask) => Promise<Answer>
): Promise<ReadonlyArray<string>> => {
  const left = (await emulator?.restore(send)) ?? []
  if (!keeper.hasAssigned()) return left
  try {
    await keeper.vacate(send)
    return [...left, ...(await keeper.leftovers(send))]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const ids = keeper.ids().join(" ")
    const who = ids === "" ? "the seats of the addresses that you passed" : `these seats if they are assigned: ${ids}`
    return [...left, `Could not make sure that the seats are as they were (${reason}). Revoke ${who}.`]
  }
}
