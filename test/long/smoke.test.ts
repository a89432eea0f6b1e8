import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { alterations } from "../smoke/alterations.ts"
import { everyToken, factsThat, runSmoke, startTeam, usual } from "../smoke/runSmoke.ts"

describe("pnpm smoke, as a process that checks every fact", () => {
  let team: Awaited<ReturnType<typeof startTeam>>
  beforeAll(async () => {
    team = await startTeam()
  })
  afterAll(() => team.stop())

  it.each(Object.entries(alterations))("names %s, and no other", async (name, makeAlter) => {
    await team.reset(makeAlter())
    const { code, stderr, stdout } = await runSmoke([...usual, "--json"], { ...everyToken, POLAR_API_URL: team.proxy })
    assert.deepEqual(
      { code, differs: factsThat(stdout, "differs"), unchecked: factsThat(stdout, "not_checked"), stderr },
      { code: 1, differs: [name], unchecked: [], stderr: "" },
      stdout
    )
  })
})
